package store

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/reimport/reimport/internal/database"
)

// clone and same spell the record out because every update that changes nothing passes through both: reflection or
// JSON in their place is all that such an update would spend its time on. A test holds them against the record's
// fields.

// clone returns a copy that shares nothing with db that could be changed.
func clone(db *database.Database) *database.Database {
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
		from := len(values)
		values = append(values, value...)
		copied[name] = json.RawMessage(values[from:len(values):len(values)])
	}
	return copied
}

// same reports whether a and b are alike in all that they hold. It is stricter than their encoding, which does not
// show all of a time, nor every difference between empty and nil.
func same(a, b *database.Database) bool {
	return a.UID == b.UID &&
		a.Name == b.Name &&
		a.Type == b.Type &&
		a.Status == b.Status &&
		a.MemorySize == b.MemorySize &&
		a.Port == b.Port &&
		a.SkipImportAnalyze == b.SkipImportAnalyze &&
		a.EmailAlerts == b.EmailAlerts &&
		a.Export == b.Export &&
		a.Backup == b.Backup &&
		a.CreatedTime == b.CreatedTime &&
		a.LastChangedTime == b.LastChangedTime &&
		sameSlice(a.Modules, b.Modules) &&
		sameImport(a.Import, b.Import) &&
		sameBackupPolicy(a.BackupPolicy, b.BackupPolicy) &&
		(a.Settings == nil) == (b.Settings == nil) &&
		maps.EqualFunc(a.Settings, b.Settings, sameSlice)
}

// sameFreeForm reports whether a and b are alike in what may be of any length.
func sameFreeForm(a, b *database.Database) bool {
	return a.Name == b.Name &&
		sameSlice(a.Modules, b.Modules) &&
		sameSlice(a.Import.Sources, b.Import.Sources) &&
		sameSlice(a.BackupPolicy.Location, b.BackupPolicy.Location) &&
		maps.EqualFunc(a.Settings, b.Settings, sameSlice)
}

func sameImport(a, b database.Import) bool {
	return a.Status == b.Status &&
		a.Progress == b.Progress &&
		a.FailureReason == b.FailureReason &&
		a.Run == b.Run &&
		sameSlice(a.Sources, b.Sources)
}

func sameBackupPolicy(a, b database.BackupPolicy) bool {
	return a.Enabled == b.Enabled &&
		a.Interval == b.Interval &&
		a.IntervalOffset == b.IntervalOffset &&
		a.History == b.History &&
		sameSlice(a.Location, b.Location)
}

func sameSlice[S ~[]T, T comparable](a, b S) bool {
	return (a == nil) == (b == nil) && slices.Equal(a, b)
}
