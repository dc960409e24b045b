package run

import "context"

// Slots bounds how many runs do something at once: as many as the channel holds. The others wait in their order.
type Slots chan struct{}

// Take waits for a slot, which the caller gives back. It returns why ctx has ended if that happens first.
func (s Slots) Take(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Give gives a slot back.
func (s Slots) Give() { <-s }
