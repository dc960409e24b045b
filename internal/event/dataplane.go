package event

import "log/slog"

// DatabaseReady is a database whose Redis can be had, for the first time or again.
type DatabaseReady struct {
	UID       int
	DataPlane string
	Host      string // where clients connect; the path of a socket if Port is 0
	Port      int
}

// Level implements Event.
func (e DatabaseReady) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e DatabaseReady) Message() string { return "database is active" }

// Attrs implements Event.
func (e DatabaseReady) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("data_plane", e.DataPlane), slog.String("host", e.Host), slog.Int("port", e.Port)}
}

// CreationFailed is a database whose Redis does not start.
type CreationFailed struct {
	UID int
	Err error
}

// Level implements Event.
func (e CreationFailed) Level() slog.Level { return slog.LevelError }

// Message implements Event.
func (e CreationFailed) Message() string {
	return "creation of a database failed: its Redis does not start"
}

// Attrs implements Event.
func (e CreationFailed) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.Any("error", e.Err)}
}

// DatabaseMissing is a database whose Redis cannot be had. It is reported again if the reason is another one.
type DatabaseMissing struct {
	UID  int
	Lost bool // it was active before
	Err  error
}

// Level implements Event.
func (e DatabaseMissing) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e DatabaseMissing) Message() string {
	if e.Lost {
		return "the Redis of a database is lost"
	}
	return "the Redis of a database cannot be had so far"
}

// Attrs implements Event.
func (e DatabaseMissing) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.Any("error", e.Err)}
}

// DatabaseErased is a database that held a part of an import that failed, and is empty now.
type DatabaseErased struct{ UID int }

// Level implements Event.
func (e DatabaseErased) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e DatabaseErased) Message() string {
	return "the database is empty now: it held a part of an import that failed"
}

// Attrs implements Event.
func (e DatabaseErased) Attrs() []slog.Attr { return []slog.Attr{slog.Int("uid", e.UID)} }

// DatabaseRemoved is a database that is gone, with its process and its directory if it is a local one.
type DatabaseRemoved struct {
	UID       int
	DataPlane string
}

// Level implements Event.
func (e DatabaseRemoved) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e DatabaseRemoved) Message() string { return "database is gone" }

// Attrs implements Event.
func (e DatabaseRemoved) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("data_plane", e.DataPlane)}
}

// DatabaseNotRemoved is a database that is to go, and whose process or directory does not.
type DatabaseNotRemoved struct {
	UID int
	Err error
}

// Level implements Event.
func (e DatabaseNotRemoved) Level() slog.Level { return slog.LevelError }

// Message implements Event.
func (e DatabaseNotRemoved) Message() string { return "a database cannot be removed so far" }

// Attrs implements Event.
func (e DatabaseNotRemoved) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.Any("error", e.Err)}
}

// RedisAdopted is a local Redis that an earlier process of this server has left running.
type RedisAdopted struct{ UID, PID int }

// Level implements Event.
func (e RedisAdopted) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e RedisAdopted) Message() string {
	return "a Redis from before this start runs still, and goes on"
}

// Attrs implements Event.
func (e RedisAdopted) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.Int("pid", e.PID)}
}

// SettingRefused is a setting that the Redis of a database does not take. It keeps the one that it has.
type SettingRefused struct {
	UID     int
	Setting string // a directive of its configuration
	Err     error
}

// Level implements Event.
func (e SettingRefused) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e SettingRefused) Message() string { return "the Redis of a database refuses a setting" }

// Attrs implements Event.
func (e SettingRefused) Attrs() []slog.Attr {
	return []slog.Attr{slog.Int("uid", e.UID), slog.String("setting", e.Setting), slog.Any("error", e.Err)}
}

// DataPlaneChosen is what a node that starts makes new databases with, and how many it has of each.
type DataPlaneChosen struct {
	DataPlane                  string // simulated or local
	Program                    string // of a local one
	Why                        error  // why it is not the other one, if that was left open
	Simulated, Local, Attached int
}

// Level implements Event.
func (e DataPlaneChosen) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e DataPlaneChosen) Message() string {
	if e.DataPlane == "local" {
		return "new databases get a Redis on this machine"
	}
	return "new databases are simulated: imports into them are checked and not loaded"
}

// Attrs implements Event.
func (e DataPlaneChosen) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Int("simulated", e.Simulated), slog.Int("local", e.Local), slog.Int("attached", e.Attached)}
	if e.Program != "" {
		attrs = append(attrs, slog.String("program", e.Program))
	}
	if e.Why != nil {
		attrs = append(attrs, slog.Any("why", e.Why))
	}
	return attrs
}
