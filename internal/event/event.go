// Package event is what happens, as types. Whoever does something reports it once, to a Sink; the log line, and whatever
// else wants to know, is made from that.
package event

import (
	"context"
	"log/slog"
	"time"
)

// Event is one thing that happened. Its level, message and attributes are its line in the log, and hold no secrets.
type Event interface {
	Level() slog.Level
	Message() string
	Attrs() []slog.Attr
}

// Sink takes events. It may be called from many goroutines, and does not hold them up. The context has the Identity of
// the request that an event belongs to, if there is one.
type Sink func(context.Context, Event)

// Log returns the Sink that writes a line for each event.
func Log(l *slog.Logger) Sink {
	h := l.Handler()
	return func(ctx context.Context, e Event) {
		if !h.Enabled(ctx, e.Level()) {
			return
		}
		// Not through l, which looks for the line of code that called it: here that is always the next one.
		record := slog.NewRecord(time.Now(), e.Level(), e.Message(), 0)
		record.AddAttrs(e.Attrs()...)
		_ = h.Handle(ctx, record) // a log that cannot be written has nobody to report to
	}
}

// Identity is who asks. It is filled in as it becomes known.
type Identity struct {
	RequestID string
	User      string // email; empty until the user has logged in
}

type identityKey struct{}

// WithIdentity returns a context that carries id.
func WithIdentity(ctx context.Context, id *Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// IdentityOf returns the Identity that ctx carries, or nil if it carries none.
func IdentityOf(ctx context.Context) *Identity {
	id, _ := ctx.Value(identityKey{}).(*Identity)
	return id
}
