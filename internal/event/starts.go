package event

import "log/slog"

// SeedLeftOut is a start with a seed whose databases were not taken, since there are databases already.
type SeedLeftOut struct{ Present int }

// Level implements Event.
func (e SeedLeftOut) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e SeedLeftOut) Message() string {
	return "the data directory has databases already: those of the seed are left out"
}

// Attrs implements Event.
func (e SeedLeftOut) Attrs() []slog.Attr { return []slog.Attr{slog.Int("present", e.Present)} }
