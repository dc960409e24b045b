package control_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reimport/reimport/internal/control"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// TestClock: it goes on from where it was set, unless it is frozen.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := control.NewClock()
		wantTime(t, c, time.Now(), false)
		c.Resume()
		pass(time.Hour)
		wantTime(t, c, time.Now(), false)
		must(t, c.Set(noon))
		wantTime(t, c, noon, false)
		pass(time.Minute)
		wantTime(t, c, noon.Add(time.Minute), false)
		c.Freeze()
		pass(time.Hour)
		wantTime(t, c, noon.Add(time.Minute), true)
		must(t, c.Advance(time.Hour))
		wantTime(t, c, noon.Add(time.Hour+time.Minute), true)
		must(t, c.Set(noon.AddDate(-1, 0, 0)))
		pass(time.Hour)
		wantTime(t, c, noon.AddDate(-1, 0, 0), true)
		c.Resume()
		pass(time.Second)
		must(t, c.Advance(time.Minute))
		wantTime(t, c, noon.AddDate(-1, 0, 0).Add(time.Minute+time.Second), false)
	})
}

// TestClockRefusals: what the clock cannot show changes nothing.
func TestClockRefusals(t *testing.T) {
	c := control.NewClock()
	must(t, c.Set(noon))
	c.Freeze()
	want := c.State()
	late := time.Date(9998, 12, 31, 23, 59, 59, 0, time.UTC)
	for name, refused := range map[string]func() error{
		"the past":      func() error { return c.Set(time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)) },
		"no time":       func() error { return c.Set(time.Time{}) },
		"the year 9999": func() error { return c.Set(late.Add(time.Second)) },
		"backwards":     func() error { return c.Advance(-1) },
	} {
		if err := refused(); err == nil || c.State() != want {
			t.Errorf("%s: %v, and it shows %+v", name, err, c.State())
		}
	}
	must(t, c.Set(late))
	if err := c.Advance(time.Second); err == nil || !c.Now().Equal(late) {
		t.Errorf("beyond: %v, and it shows %v", err, c.Now())
	}
	must(t, c.Advance(0))
}

// TestClockWait: who waits goes on when the clock gets there, however it does.
func TestClockWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := control.NewClock()
		ended := func(until time.Time) <-chan error {
			end := make(chan error, 1)
			go func() { end <- c.Wait(t.Context(), until) }()
			synctest.Wait()
			return end
		}
		wantWaiting := func(end <-chan error) {
			t.Helper()
			synctest.Wait()
			select {
			case err := <-end:
				t.Fatalf("it waits no more: %v", err)
			default:
			}
		}
		must(t, c.Set(noon))
		must(t, <-ended(noon))

		end, began := ended(noon.Add(time.Hour)), time.Now()
		must(t, <-end)
		if took := time.Since(began); took != time.Hour {
			t.Errorf("an hour took %v", took)
		}

		c.Freeze()
		end = ended(noon.Add(2 * time.Hour))
		pass(24 * time.Hour)
		wantWaiting(end)
		must(t, c.Advance(59*time.Minute))
		wantWaiting(end)
		must(t, c.Advance(time.Minute))
		must(t, <-end)

		end = ended(noon.Add(3 * time.Hour))
		c.Resume()
		pass(30 * time.Minute)
		wantWaiting(end)
		must(t, c.Set(noon)) // back: three hours more to go
		pass(3*time.Hour - 1)
		wantWaiting(end)
		must(t, <-end)
	})
}

// TestClockWaitEnds: a context ends what waits for a clock that stands still.
func TestClockWaitEnds(t *testing.T) {
	c := control.NewClock()
	c.Freeze()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if err := c.Wait(ctx, c.Now().Add(1)); !errors.Is(err, enough) {
		t.Errorf("it ended with %v", err)
	}
}

func wantTime(t *testing.T, c *control.Clock, want time.Time, frozen bool) {
	t.Helper()
	if s := c.State(); !s.Now.Equal(want) || s.Frozen != frozen || !c.Now().Equal(want) {
		t.Errorf("got %v, frozen %v; want %v, %v", s.Now, s.Frozen, want, frozen)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pass lets time pass in a bubble.
func pass(d time.Duration) { <-time.After(d) }
