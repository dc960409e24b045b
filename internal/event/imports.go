package event

import (
	"log/slog"
	"time"
)

// ImportSucceeded is the end of an import that loaded all of its files.
type ImportSucceeded struct {
	UID                  int
	Run                  string
	Files                int
	Keys, Expired, Empty int64 // Keys were loaded, the others left out
	Bytes                int64 // of the files, as they are
	Duration             time.Duration
}

// Level implements Event.
func (e ImportSucceeded) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e ImportSucceeded) Message() string { return "import succeeded" }

// Attrs implements Event.
func (e ImportSucceeded) Attrs() []slog.Attr {
	return []slog.Attr{
		slog.Int("uid", e.UID), slog.String("run", e.Run), slog.Int("files", e.Files), slog.Int64("keys", e.Keys),
		slog.Int64("expired", e.Expired), slog.Int64("empty", e.Empty), slog.Int64("bytes", e.Bytes), slog.Duration("duration", e.Duration),
	}
}

// ImportFailed is the end of an import, once its record says so.
type ImportFailed struct {
	UID    int
	Run    string
	Reason string
	Ours   bool   // this server is to blame, not the files
	Source string // label of the file that the error is about, if it is about one
	Offset *int64 // of the error in that file, uncompressed; nil if it is not known
	Stack  string // of a panic
	Err    error
}

// Level is a warning about the files, or an error of this server.
func (e ImportFailed) Level() slog.Level {
	if e.Ours {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// Message implements Event.
func (e ImportFailed) Message() string { return "import failed" }

// Attrs implements Event.
func (e ImportFailed) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run), slog.String("reason", e.Reason)}
	if e.Source != "" {
		attrs = append(attrs, slog.String("source", e.Source))
	}
	if e.Offset != nil {
		attrs = append(attrs, slog.Int64("offset", *e.Offset))
	}
	if e.Stack != "" {
		attrs = append(attrs, slog.String("stack", e.Stack))
	}
	return append(attrs, slog.Any("error", e.Err))
}

// ImportOverruled is an import that goes on although its files cannot be loaded, because a script says so.
type ImportOverruled struct {
	UID int
	Run string
	Err error
}

// Level implements Event.
func (e ImportOverruled) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e ImportOverruled) Message() string {
	return "import goes on although its files cannot be loaded, as its script says"
}

// Attrs implements Event.
func (e ImportOverruled) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run), slog.Any("error", e.Err)}
}

// ImportScripted is an import whose files are fetched and checked, and which follows a script from here.
type ImportScripted struct {
	UID     int
	Run     string
	Outcome string // empty if its files say how it ends
	Pace    string
}

// Level implements Event.
func (e ImportScripted) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e ImportScripted) Message() string { return "import follows its script: nothing is loaded" }

// Attrs implements Event.
func (e ImportScripted) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run), slog.String("outcome", e.Outcome), slog.String("pace", e.Pace)}
}

// ImportSimulated is what an import would have loaded, had its database a Redis.
type ImportSimulated struct {
	UID                    int
	Keys, Libraries, Bytes int64
}

// Level implements Event.
func (e ImportSimulated) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e ImportSimulated) Message() string {
	return "this database is simulated: the dump was read to its end and nothing was loaded"
}

// Attrs implements Event.
func (e ImportSimulated) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.Int64("keys", e.Keys), slog.Int64("libraries", e.Libraries), slog.Int64("bytes", e.Bytes)}
}
