package event

import "log/slog"

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

// ControlFailed is a request to the emulator's controls that ended as an internal error.
type ControlFailed struct {
	Method, Path string
	Err          error
}

// Level implements Event.
func (e ControlFailed) Level() slog.Level { return slog.LevelError }

// Message implements Event.
func (e ControlFailed) Message() string { return "control failed" }

// Attrs implements Event.
func (e ControlFailed) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("method", e.Method), slog.String("path", e.Path), slog.Any("error", e.Err)}
}
