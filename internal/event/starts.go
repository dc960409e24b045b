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

// ClusterReplaced is a reset of an emulated cluster, or its replacement by another one.
type ClusterReplaced struct{ Databases int }

// Level implements Event.
func (e ClusterReplaced) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e ClusterReplaced) Message() string {
	return "all databases, users and modules have been replaced"
}

// Attrs implements Event.
func (e ClusterReplaced) Attrs() []slog.Attr { return []slog.Attr{slog.Int("databases", e.Databases)} }
