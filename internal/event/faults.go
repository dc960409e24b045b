package event

import (
	"log/slog"
	"time"
)

// FaultStruck is a request that a fault, which somebody has put, strikes: what its client gets is no answer of the server's.
type FaultStruck struct {
	Fault     string // its name
	Operation string
	UID       int // of the database; 0 if the request is for none
	Remote    string
	Delay     time.Duration
	Status    int    // of the answer; 0 if it is the server's
	Close     string // when the connection is closed; empty if it is not
}

// Level implements Event.
func (e FaultStruck) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e FaultStruck) Message() string { return "a fault strikes a request, as the controls say" }

// Attrs implements Event.
func (e FaultStruck) Attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("fault", e.Fault), slog.String("operation", e.Operation), slog.Int("uid", e.UID), slog.String("remote", e.Remote),
	}
	if e.Delay > 0 {
		attrs = append(attrs, slog.Duration("delay", e.Delay))
	}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if e.Close != "" {
		attrs = append(attrs, slog.String("close", e.Close))
	}
	return attrs
}
