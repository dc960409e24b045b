// Package eventtest lets tests look at events, and wait for them.
package eventtest

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/event"
)

// Recorder keeps events, and the log that they make. Its zero value is not usable.
type Recorder struct {
	mu   sync.Mutex
	all  []event.Event
	more chan struct{} // closed by the next event
	text bytes.Buffer
	log  event.Sink
}

// NewRecorder returns a Recorder without events.
func NewRecorder() *Recorder {
	r := &Recorder{more: make(chan struct{})}
	r.log = event.Log(slog.New(slog.NewJSONHandler(&r.text, nil)))
	return r
}

// Sink is an event.Sink.
func (r *Recorder) Sink(ctx context.Context, e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log(ctx, e)
	r.all = append(r.all, e)
	close(r.more)
	r.more = make(chan struct{})
}

// Text returns the log, a JSON object a line.
func (r *Recorder) Text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Reset forgets what there was.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = nil
	r.text.Reset()
}

// since returns the events from the nth, and a channel that the next one closes.
func (r *Recorder) since(n int) ([]event.Event, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[min(n, len(r.all)):], r.more
}

// All returns the events of type E.
func All[E event.Event](r *Recorder) []E {
	var found []E
	all, _ := r.since(0)
	for _, e := range all {
		if e, ok := e.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

// Wait returns the first event of type E that matches; E may be event.Event itself. It fails the test if there is none
// within two minutes.
func Wait[E event.Event](t testing.TB, r *Recorder, matches func(E) bool) E {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for seen := 0; ; {
		fresh, more := r.since(seen)
		seen += len(fresh)
		for _, e := range fresh {
			if e, ok := e.(E); ok && matches(e) {
				return e
			}
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("no such event within two minutes; the log is\n%s", r.Text())
		}
	}
}
