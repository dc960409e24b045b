package event

import "log/slog"

// RunNotRecorded is a run of an operation, such as import, that failed, and whose record still says that it goes on.
type RunNotRecorded struct {
	Operation string
	UID       int
	Run       string
	Err       error
}

// Level implements Event.
func (e RunNotRecorded) Level() slog.Level { return slog.LevelError }

// Message implements Event.
func (e RunNotRecorded) Message() string {
	return e.Operation + " failed, and its record could not be changed"
}

// Attrs implements Event.
func (e RunNotRecorded) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run), slog.Any("error", e.Err)}
}

// RunDropped is a run that ended because it had lost its record.
type RunDropped struct {
	Operation string
	UID       int
	Run       string
	Err       error
}

// Level implements Event.
func (e RunDropped) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e RunDropped) Message() string {
	return e.Operation + " dropped: its record is gone or belongs to another run"
}

// Attrs implements Event.
func (e RunDropped) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run), slog.Any("error", e.Err)}
}

// RunRecovered is a run whose node is gone, and that this one has ended.
type RunRecovered struct {
	Operation string
	UID       int
	Run       string
	Reason    string
}

// Level implements Event.
func (e RunRecovered) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e RunRecovered) Message() string {
	return e.Operation + " ended: the process that ran it is gone"
}

// Attrs implements Event.
func (e RunRecovered) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run), slog.String("reason", e.Reason)}
}
