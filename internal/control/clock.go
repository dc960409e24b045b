package control

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Clock is the domain clock: what the API shows and the rules decide. It has the machine's time until it is set, moved or
// frozen, and goes on at the machine's pace from there. It never holds up what goes by the machine's clock. Its methods may be
// called from many goroutines.
type Clock struct {
	mu      sync.Mutex
	shown   time.Time // what it showed at the time since; zero if it has the machine's time
	since   time.Time
	frozen  bool
	changed chan struct{} // closed by the next change
}

// ClockState is what a Clock shows, and whether it stands still.
type ClockState struct {
	Now    time.Time
	Frozen bool
}

// NewClock returns a Clock that has the machine's time.
func NewClock() *Clock { return &Clock{changed: make(chan struct{})} }

// Now returns the time by the clock. It is a node.Config's Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// State returns the time by the clock, and whether it is frozen.
func (c *Clock) State() ClockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ClockState{c.now(), c.frozen}
}

func (c *Clock) now() time.Time {
	switch {
	case c.frozen:
		return c.shown
	case c.shown.IsZero():
		return time.Now()
	}
	return c.shown.Add(time.Since(c.since))
}

// Set makes the clock show t, which may be earlier than what it shows. A frozen clock stays frozen. It refuses a t outside of
// the years 1970 to 9998 in UTC, which the API could not write for long.
func (c *Clock) Set(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moveTo(t)
}

// Advance makes the clock show d more than it does. It refuses a d below 0, and one that leads beyond the year 9998. What waits
// for the new time goes on by itself; the next request finds it done, see Scripts.Settle.
func (c *Clock) Advance(d time.Duration) error {
	if d < 0 {
		return errors.New("expected a duration of 0 or more")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moveTo(c.now().Add(d))
}

// Freeze stops the clock where it is.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.show(c.now(), true)
}

// Resume lets a frozen clock go on from where it is.
func (c *Clock) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		c.show(c.shown, false)
	}
}

func (c *Clock) moveTo(t time.Time) error {
	if year := t.UTC().Year(); year < 1970 || year > 9998 {
		return errors.New("expected a time in the years 1970 to 9998")
	}
	c.show(t, c.frozen)
	return nil
}

func (c *Clock) show(t time.Time, frozen bool) {
	c.shown, c.since, c.frozen = t.Round(0), time.Now(), frozen // t without the machine's monotonic reading
	close(c.changed)
	c.changed = make(chan struct{})
}

// Wait returns nil once the clock shows until or later, or why ctx has ended if that happens first.
func (c *Clock) Wait(ctx context.Context, until time.Time) error { return c.wait(ctx, until, nil) }

// wait is Wait that a close of also ends as well, with nil.
func (c *Clock) wait(ctx context.Context, until time.Time, also <-chan struct{}) error {
	for {
		left, changed, frozen := c.left(until)
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		expires := timer.C
		if frozen {
			expires = nil
		}
		select {
		case <-expires:
		case <-changed:
		case <-also:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}

// left returns how long it is until t by the clock, and what the next change of the clock closes.
func (c *Clock) left(t time.Time) (left time.Duration, changed <-chan struct{}, frozen bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return t.Sub(c.now()), c.changed, c.frozen
}
