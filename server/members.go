package server

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reimport/reimport/internal/database"
)

// member is one that the rules know. value appends its JSON to b; nothing if the database does not have it.
type member struct {
	name  string
	value func(b []byte, v *views, db *database.Database) []byte
}

// ruled are all of them, by ascending name. A listing of many databases leaves no garbage with this table; the generated
// type would leave some KB for each of them.
var ruled = []member{
	{"background_op", func(b []byte, v *views, _ *database.Database) []byte { return append(b, v.backgroundOp...) }},
	{"backup", func(b []byte, _ *views, db *database.Database) []byte {
		return strconv.AppendBool(b, db.BackupPolicy.Enabled)
	}},
	{"backup_failure_reason", func(b []byte, _ *views, db *database.Database) []byte {
		return appendString(b, db.Backup.FailureReason)
	}},
	{"backup_history", func(b []byte, _ *views, db *database.Database) []byte { return appendInt(b, db.BackupPolicy.History) }},
	{"backup_interval", func(b []byte, v *views, db *database.Database) []byte {
		if db.BackupPolicy.Interval == 0 {
			return append(b, v.backupInterval...)
		}
		return appendInt(b, db.BackupPolicy.Interval)
	}},
	{"backup_interval_offset", func(b []byte, _ *views, db *database.Database) []byte {
		if db.BackupPolicy.Interval == 0 {
			return b
		}
		return appendInt(b, db.BackupPolicy.IntervalOffset)
	}},
	{"backup_location", func(b []byte, _ *views, db *database.Database) []byte { return append(b, db.BackupPolicy.Location...) }},
	{"backup_progress", func(b []byte, _ *views, db *database.Database) []byte { return appendNumber(b, db.Backup.Progress) }},
	{"backup_status", func(b []byte, _ *views, db *database.Database) []byte { return appendString(b, db.Backup.Status) }},
	{"created_time", func(b []byte, _ *views, db *database.Database) []byte { return appendTime(b, db.CreatedTime) }},
	{"dataset_import_sources", func(b []byte, _ *views, _ *database.Database) []byte { return append(b, "[]"...) }},
	{"dns_address_master", func(b []byte, _ *views, db *database.Database) []byte { return appendMaster(b, db) }},
	{"email_alerts", func(b []byte, _ *views, db *database.Database) []byte { return strconv.AppendBool(b, db.EmailAlerts) }},
	{"endpoints", func(b []byte, v *views, db *database.Database) []byte { return v.appendEndpoints(b, db) }},
	{"export_failure_reason", func(b []byte, _ *views, db *database.Database) []byte {
		return appendString(b, db.Export.FailureReason)
	}},
	{"export_progress", func(b []byte, _ *views, db *database.Database) []byte { return appendNumber(b, db.Export.Progress) }},
	{"export_status", func(b []byte, _ *views, db *database.Database) []byte { return appendString(b, db.Export.Status) }},
	{"import_failure_reason", func(b []byte, _ *views, db *database.Database) []byte {
		return appendString(b, db.Import.FailureReason)
	}},
	{"import_progress", func(b []byte, _ *views, db *database.Database) []byte { return appendNumber(b, db.Import.Progress) }},
	{"import_status", func(b []byte, _ *views, db *database.Database) []byte { return appendString(b, db.Import.Status) }},
	{"last_backup_time", func(b []byte, _ *views, db *database.Database) []byte { return appendTime(b, db.Backup.LastTime) }},
	{"last_changed_time", func(b []byte, _ *views, db *database.Database) []byte { return appendTime(b, db.LastChangedTime) }},
	{"last_export_time", func(b []byte, _ *views, db *database.Database) []byte { return appendTime(b, db.Export.LastTime) }},
	{"memory_size", func(b []byte, _ *views, db *database.Database) []byte { return appendInt(b, db.MemorySize) }},
	{"module_list", func(b []byte, _ *views, db *database.Database) []byte { return appendModules(b, db.Modules) }},
	{"name", func(b []byte, _ *views, db *database.Database) []byte { return appendString(b, db.Name) }},
	{"port", func(b []byte, _ *views, db *database.Database) []byte { return appendInt(b, db.Port) }},
	{"reimport", func(b []byte, _ *views, db *database.Database) []byte { return appendReimport(b, db) }},
	{"skip_import_analyze", func(b []byte, _ *views, db *database.Database) []byte {
		return appendString(b, map[bool]string{true: "enabled", false: "disabled"}[db.SkipImportAnalyze])
	}},
	{"status", func(b []byte, _ *views, db *database.Database) []byte { return appendString(b, db.Status) }},
	{"type", func(b []byte, _ *views, db *database.Database) []byte { return appendString(b, db.Type) }},
	{"uid", func(b []byte, _ *views, db *database.Database) []byte { return appendInt(b, db.UID) }},
}

// ruledMember returns the member of that name, if the rules know one.
func ruledMember(name string) (member, bool) {
	i, found := slices.BinarySearchFunc(ruled, name, func(m member, name string) int { return strings.Compare(m.name, name) })
	if !found {
		return member{}, false
	}
	return ruled[i], true
}

func appendModules(b []byte, modules []database.ModuleRef) []byte {
	b = append(b, '[')
	for i := range modules {
		if i > 0 {
			b = append(b, ',')
		}
		m := &modules[i]
		b = appendString(append(b, `{"module_args":`...), m.Args)
		b = appendString(append(b, `,"module_id":`...), m.UID)
		b = appendString(append(b, `,"module_name":`...), m.Name)
		b = append(appendString(append(b, `,"semantic_version":`...), m.SemanticVersion), '}')
	}
	return append(b, ']')
}

// appendTime appends nothing for the zero time: Redis Software leaves out what has not happened.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return append(t.UTC().AppendFormat(append(b, '"'), time.RFC3339), '"')
}

func appendInt[T int | int64](b []byte, n T) []byte { return strconv.AppendInt(b, int64(n), 10) }

func appendNumber(b []byte, f float64) []byte {
	if n := int64(f); float64(n) == f {
		return appendInt(b, n)
	}
	data, _ := json.Marshal(f) // fails for what JSON has no number for, and the store could not keep
	return append(b, data...)
}

// appendString writes as json.Marshal does, which it asks about what it would have to escape.
func appendString[T ~string](b []byte, s T) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			data, _ := json.Marshal(string(s)) // never fails
			return append(b, data...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
