package event

import (
	"log/slog"
	"math"
	"time"
)

// ImportChecked is an import whose files are all there and whole. It loads them from here.
type ImportChecked struct {
	UID                  int
	Run                  string
	Files                int
	Keys, Expired, Empty int64 // Keys are to be loaded, the others left out
	ModuleAux            int64 // records of modules that belong to no key, such as definitions of indexes, which no command loads
	Bytes                int64 // of the files, as they are
	Memory               int64 // bytes that the keys are expected to take
	Duration             time.Duration
}

// Level implements Event.
func (e ImportChecked) Level() slog.Level {
	if e.ModuleAux > 0 {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// Message implements Event.
func (e ImportChecked) Message() string {
	if e.ModuleAux > 0 {
		return "import has checked its files: what modules keep in them beside the keys will be left out"
	}
	return "import has checked its files"
}

// Attrs implements Event.
func (e ImportChecked) Attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.Int("uid", e.UID), slog.String("run", e.Run), slog.Int("files", e.Files), slog.Int64("keys", e.Keys),
		slog.Int64("expired", e.Expired), slog.Int64("empty", e.Empty), slog.Int64("bytes", e.Bytes), slog.Int64("memory", e.Memory),
		slog.Duration("duration", e.Duration),
	}
	if e.ModuleAux > 0 {
		attrs = append(attrs, slog.Int64("module_aux", e.ModuleAux))
	}
	return attrs
}

// ImportProgress is how far an import is that loads for long.
type ImportProgress struct {
	UID                            int
	Run                            string
	Percent                        float64 // of the bytes
	Keys, TotalKeys, KeysPerSecond int64
	Left                           time.Duration // an estimate, 0 if there is none
}

// Level implements Event.
func (e ImportProgress) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e ImportProgress) Message() string { return "import loads" }

// Attrs implements Event.
func (e ImportProgress) Attrs() []slog.Attr {
	return []slog.Attr{
		slog.Int("uid", e.UID), slog.String("run", e.Run), slog.Float64("percent", math.Round(e.Percent*10)/10), slog.Int64("keys", e.Keys),
		slog.Int64("total_keys", e.TotalKeys), slog.Int64("keys_per_second", e.KeysPerSecond), slog.Duration("left", e.Left),
	}
}

// ImportInterrupted is an import whose database was lost, and that loads again from the beginning once it can be reached.
type ImportInterrupted struct {
	UID  int
	Run  string
	Loss int // the first of this import is 1
	Err  error
}

// Level implements Event.
func (e ImportInterrupted) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e ImportInterrupted) Message() string {
	return "import has lost its database: once that can be reached, it loads again from the beginning"
}

// Attrs implements Event.
func (e ImportInterrupted) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run), slog.Int("loss", e.Loss), slog.Any("error", e.Err)}
}

// ImportErased is a database that was to be emptied because an import into it has failed.
type ImportErased struct {
	UID int
	Run string
	Err error // why it was not, nil if it was
}

// Level implements Event.
func (e ImportErased) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e ImportErased) Message() string {
	if e.Err != nil {
		return "what the failed import has left could not be erased: the database is not active before it is"
	}
	return "what the failed import has left is erased: the database is empty"
}

// Attrs implements Event.
func (e ImportErased) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Int("uid", e.UID), slog.String("run", e.Run)}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	return attrs
}

// ImportSucceeded is the end of an import that loaded all of its files.
type ImportSucceeded struct {
	UID                  int
	Run                  string
	Files                int
	Keys, Expired, Empty int64 // Keys were loaded, the others left out
	Bytes                int64 // of the files, as they are
	Duration             time.Duration
	Load                 time.Duration // of Duration, the loading alone
	KeysPerSecond        int64         // of Load
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
		slog.Duration("load", e.Load), slog.Int64("keys_per_second", e.KeysPerSecond),
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
