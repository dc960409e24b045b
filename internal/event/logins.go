package event

import (
	"log/slog"
	"strconv"
	"time"
)

// LoginRefused is a login with a wrong or malformed user name or password, or under a name that is locked out.
type LoginRefused struct {
	RequestID string
	Name      string // as it came
	Peer      string // IP address
}

// Level implements Event.
func (e LoginRefused) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e LoginRefused) Message() string { return "login refused" }

// Attrs implements Event.
func (e LoginRefused) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("id", e.RequestID), slog.String("name", bounded(e.Name)), slog.String("peer", e.Peer)}
}

// LockedOut is a name that is locked out from now on, whether a user has it or not.
type LockedOut struct {
	Name  string
	Peer  string // IP address, of the last failure
	Until time.Time
	Count int // of lock-outs since the start
}

// Level implements Event.
func (e LockedOut) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e LockedOut) Message() string { return "locked out" }

// Attrs implements Event.
func (e LockedOut) Attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("name", bounded(e.Name)), slog.String("peer", e.Peer), slog.Time("until", e.Until), slog.Int("count", e.Count),
	}
}

// LockoutNotKept is a lock-out that could not be written to disk, as others may be until one is. It ends with the
// server.
type LockoutNotKept struct{ Err error }

// Level implements Event.
func (e LockoutNotKept) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e LockoutNotKept) Message() string {
	return "lock-outs cannot be written: a restart would end them"
}

// Attrs implements Event.
func (e LockoutNotKept) Attrs() []slog.Attr { return []slog.Attr{slog.Any("error", e.Err)} }

// maxName is how many characters of a name are logged.
const maxName = 64

// bounded is a name as the log shows it. It came from anybody, so it is cut, and what could forge a line or hide in one
// is escaped.
func bounded(name string) string {
	end := ""
	n := 0
	for i := range name {
		if n == maxName {
			name, end = name[:i], "…"
			break
		}
		n++
	}
	quoted := strconv.QuoteToGraphic(name)
	return quoted[1:len(quoted)-1] + end
}
