package event

import (
	"log/slog"
	"time"
)

// Request is a request that was answered. It is reported as a *Request.
type Request struct {
	Identity
	Method string
	Path   string
	Status int // 0 if the client was gone before there was an answer
	Took   time.Duration
	Remote string // host:port of the direct peer
	Err    error  // why the server failed: the cause of a status of 500 and above, or of an answer that it cut short
}

// Level is an error if the server is to blame.
func (e *Request) Level() slog.Level {
	if e.failed() {
		return slog.LevelError
	}
	return slog.LevelInfo
}

func (e *Request) failed() bool { return e.Status >= 500 || e.Err != nil }

// Message implements Event.
func (e *Request) Message() string { return "request" }

// Attrs implements Event.
func (e *Request) Attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("id", e.RequestID), slog.String("method", e.Method), slog.String("path", e.Path), slog.Int("status", e.Status),
		slog.Duration("took", e.Took), slog.String("remote", e.Remote), {Key: "user"}, {},
	}
	if e.User != "" {
		attrs[6].Value = slog.StringValue(e.User)
	}
	if e.failed() {
		attrs[7] = slog.Any("error", e.Err)
	}
	return attrs
}

// Transport is what net/http says of a connection, such as a TLS handshake that failed.
type Transport struct{ Text string }

// Level implements Event.
func (e Transport) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e Transport) Message() string { return e.Text }

// Attrs implements Event.
func (e Transport) Attrs() []slog.Attr { return nil }
