package reimporttest

import (
	"context"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
)

// A Clock is what the server takes for the time: in what it shows, such as created_time, and for imports whose script is
// timed. It has the machine's time until a test changes it. What protects the server, such as time limits of connections, goes by
// the machine's clock in any case.
type Clock struct {
	t     testing.TB
	clock *control.Clock
}

// Now returns the time by the clock.
func (c *Clock) Now() time.Time { return c.clock.Now() }

// Set makes the clock show a time in the years 1970 to 9998.
func (c *Clock) Set(now time.Time) {
	c.t.Helper()
	check(c.t, "Clock.Set", c.clock.Set(now))
}

// Advance moves the clock on by d, which is 0 or more. The next request finds timed imports where they are by then.
func (c *Clock) Advance(d time.Duration) {
	c.t.Helper()
	check(c.t, "Clock.Advance", c.clock.Advance(d))
}

// Freeze stops the clock where it is. It still can be set and moved on.
func (c *Clock) Freeze() { c.clock.Freeze() }

// Resume lets a frozen clock go on from where it is.
func (c *Clock) Resume() { c.clock.Resume() }

// Sleep moves the clock on by d and returns at once, or returns the error of a ctx that has ended. Code that sleeps by it spends
// none of a test's time on pauses, and finds timed imports where they are after them:
//
//	c := srv.Client(client.WithClock(srv.Clock.Now, srv.Clock.Sleep))
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.clock.Advance(d)
}

// check ends the test if what a call asked for is refused.
func check(t testing.TB, call string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("reimporttest: %s: %v", call, err)
	}
}
