package run

import (
	"context"
	"sync"
	"sync/atomic"
)

// Slots bounds how many runs do something at once. The others wait in their order, and cost little: a run that has not begun
// has no goroutine.
type Slots struct {
	mu      sync.Mutex
	free    int
	waiting []func() bool // each takes a slot, or says that it wants none any more
}

// NewSlots returns n slots.
func NewSlots(n int) *Slots { return &Slots{free: n} }

// then calls take as soon as a slot is free, which may be at once. take returns false if it does not keep the slot.
func (s *Slots) then(take func() bool) {
	s.mu.Lock()
	if s.free == 0 {
		s.waiting = append(s.waiting, take)
		s.mu.Unlock()
		return
	}
	s.free--
	s.mu.Unlock()
	if !take() {
		s.give()
	}
}

func (s *Slots) give() {
	for take := s.next(); take != nil && !take(); take = s.next() {
	}
}

// next returns who is next to have a slot; if nobody is, the slot is free.
func (s *Slots) next() (take func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.free++
		return nil
	}
	take = s.waiting[0]
	s.waiting[0] = nil // the array behind the slice lives on
	s.waiting = s.waiting[1:]
	return take
}

// take waits for a slot. It returns why ctx has ended if that happens first.
func (s *Slots) take(ctx context.Context) error {
	var settled atomic.Bool
	taken := make(chan struct{})
	s.then(func() bool {
		first := settled.CompareAndSwap(false, true)
		if first {
			close(taken)
		}
		return first
	})
	select {
	case <-taken:
		return nil
	case <-ctx.Done():
	}
	if settled.CompareAndSwap(false, true) {
		return context.Cause(ctx)
	}
	return nil
}

// Turn is the slot that a run holds.
type Turn struct{ slots *Slots } // nil once it is given back

// Give gives the slot back to those who wait, once.
func (t *Turn) Give() {
	if t.slots != nil {
		t.slots.give()
		t.slots = nil
	}
}

// Move waits for one of other slots and then gives back the one that it held. It returns why ctx has ended if that happens
// first.
func (t *Turn) Move(ctx context.Context, to *Slots) error {
	if err := to.take(ctx); err != nil {
		return err
	}
	t.Give()
	t.slots = to
	return nil
}
