package database

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Clone and Equal spell the record out because every update that changes nothing passes through both: reflection or
// JSON in their place is all that such an update would spend its time on. A test holds them against the record's
// fields.

// Clone returns a copy that shares nothing with db that could be changed.
func (db *Database) Clone() *Database {
	c := *db
	c.Modules = slices.Clone(db.Modules)
	c.Import.Sources = slices.Clone(db.Import.Sources)
	c.BackupPolicy.Location = slices.Clone(db.BackupPolicy.Location)
	c.Settings = cloneSettings(db.Settings)
	return &c
}

// cloneSettings puts the values into one allocation; none of them can grow into the next.
func cloneSettings(settings map[string]json.RawMessage) map[string]json.RawMessage {
	if settings == nil {
		return nil
	}
	size := 0
	for _, value := range settings {
		size += len(value)
	}
	values, copied := make([]byte, 0, size), make(map[string]json.RawMessage, len(settings))
	for name, value := range settings {
		if value == nil {
			copied[name] = nil
			continue
		}
		from := len(values)
		values = append(values, value...)
		copied[name] = json.RawMessage(values[from:len(values):len(values)])
	}
	return copied
}

// Canonical returns a copy of db that JSON brings back exactly as it is: times in UTC, without a reading of the
// monotonic clock; no members that are left out if they are empty; values without spaces around their parts.
func (db *Database) Canonical() *Database {
	c := db.Clone()
	for _, t := range []*time.Time{&c.Import.Run.Lease, &c.Export.LastTime, &c.Backup.LastTime, &c.CreatedTime, &c.LastChangedTime} {
		*t = t.Round(0).UTC()
	}
	if len(c.Import.Sources) == 0 {
		c.Import.Sources = nil
	}
	if c.BackupPolicy.Location = compact(c.BackupPolicy.Location); len(c.BackupPolicy.Location) == 0 {
		c.BackupPolicy.Location = nil
	}
	if len(c.Settings) == 0 {
		c.Settings = nil
	}
	for name, value := range c.Settings {
		if len(value) == 0 {
			value = json.RawMessage("null")
		}
		c.Settings[name] = compact(value)
	}
	return c
}

// compact leaves a value that is not JSON as it is: whoever encodes it finds out.
func compact(value json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if !bytes.ContainsAny(value, " \t\r\n") || json.Compact(&b, value) != nil {
		return value
	}
	return b.Bytes()
}

// Equal reports whether db and o are alike in all that they hold. It is stricter than their encoding, which does not
// show all of a time, nor every difference between empty and nil.
func (db *Database) Equal(o *Database) bool {
	return db.UID == o.UID &&
		db.Name == o.Name &&
		db.Type == o.Type &&
		db.Status == o.Status &&
		db.MemorySize == o.MemorySize &&
		db.Port == o.Port &&
		db.DataPlane == o.DataPlane &&
		db.Redis == o.Redis &&
		db.Endpoint == o.Endpoint &&
		db.Incomplete == o.Incomplete &&
		db.SkipImportAnalyze == o.SkipImportAnalyze &&
		db.EmailAlerts == o.EmailAlerts &&
		db.Export == o.Export &&
		db.Backup == o.Backup &&
		db.CreatedTime == o.CreatedTime &&
		db.LastChangedTime == o.LastChangedTime &&
		sameSlice(db.Modules, o.Modules) &&
		sameImport(db.Import, o.Import) &&
		sameBackupPolicy(db.BackupPolicy, o.BackupPolicy) &&
		(db.Settings == nil) == (o.Settings == nil) &&
		maps.EqualFunc(db.Settings, o.Settings, sameSlice)
}

func sameImport(a, b Import) bool {
	return a.Status == b.Status &&
		a.Progress == b.Progress &&
		a.FailureReason == b.FailureReason &&
		a.Run == b.Run &&
		a.Load == b.Load &&
		sameSlice(a.Sources, b.Sources)
}

func sameBackupPolicy(a, b BackupPolicy) bool {
	return a.Enabled == b.Enabled &&
		a.Interval == b.Interval &&
		a.IntervalOffset == b.IntervalOffset &&
		a.History == b.History &&
		sameSlice(a.Location, b.Location)
}

func sameSlice[S ~[]T, T comparable](a, b S) bool {
	return (a == nil) == (b == nil) && slices.Equal(a, b)
}
