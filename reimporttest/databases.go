package reimporttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// The default databases: one for each answer of the reset of import_status, and one that is new.
const (
	DBIdle          = 1  // 200: idle already
	DBFailed        = 2  // 200: its import has failed, file-corrupted
	DBImporting     = 3  // 409: an import is at 62.5 %, and never ends
	DBBackupRunning = 4  // 409: a backup is at 30 %, and never ends
	DBChangePending = 5  // 409: its status is active-change-pending
	DBLegacyModule  = 6  // 406: a module lacks backup_restore
	DBNew           = 7  // 200: never imported into
	DBMissing       = 99 // 404: there is none
)

// LegacyModule is the name of a module without the capability backup_restore. Servers with databases by Databases, or with the
// default ones, have it beside the bundled modules.
const LegacyModule = "legacy"

// A Database is what the server has at its start. Its fields are those of the API; a seed has more. What the API would not
// allow, or no cluster could have come to, fails the test.
type Database struct {
	UID        int    `json:"uid,omitempty"`         // the next free one if 0
	Name       string `json:"name,omitempty"`        // db and the uid if empty
	MemorySize int64  `json:"memory_size,omitempty"` // limit in bytes; none if 0
	Status     string `json:"status,omitempty"`      // active if empty, and import-pending exactly where an import runs
	// Modules are the names of its modules; the bundled ones if nil.
	Modules []string `json:"-"`

	// ImportStatus is empty if there never was an import. One that is initializing or importing here never ends; a script has
	// imports that do.
	ImportStatus        string  `json:"import_status,omitempty"`
	ImportProgress      float64 `json:"import_progress,omitempty"` // percent; 100 exactly if it succeeded
	ImportFailureReason string  `json:"import_failure_reason,omitempty"`
	// Source, a path or URL, is what an import takes that names none.
	Source string `json:"-"`

	// An export or a backup that is exporting here never ends, too.
	ExportStatus        string  `json:"export_status,omitempty"`
	ExportProgress      float64 `json:"export_progress,omitempty"`
	ExportFailureReason string  `json:"export_failure_reason,omitempty"`
	BackupStatus        string  `json:"backup_status,omitempty"`
	BackupProgress      float64 `json:"backup_progress,omitempty"`
	BackupFailureReason string  `json:"backup_failure_reason,omitempty"`
}

func defaults() []Database {
	const size = 1 << 30
	return []Database{
		{UID: DBIdle, Name: "idle", MemorySize: size, ImportStatus: "idle"},
		{UID: DBFailed, Name: "failed", MemorySize: size, ImportStatus: "failed", ImportProgress: 40, ImportFailureReason: "file-corrupted"},
		{UID: DBImporting, Name: "importing", MemorySize: size, Status: "import-pending", ImportStatus: "importing", ImportProgress: 62.5},
		{UID: DBBackupRunning, Name: "backup-running", MemorySize: size, BackupStatus: "exporting", BackupProgress: 30},
		{UID: DBChangePending, Name: "change-pending", MemorySize: size, Status: "active-change-pending"},
		{UID: DBLegacyModule, Name: "legacy-module", MemorySize: size, ImportStatus: "succeeded", ImportProgress: 100, Modules: []string{LegacyModule}},
		{UID: DBNew, Name: "new", MemorySize: size},
	}
}

// seedOf returns the set-up file with these databases, so that it is held to the rules of one. JSON is YAML.
func seedOf(databases []Database) []byte {
	type object map[string]any
	type entry struct {
		Database
		Modules []object `json:"module_list,omitempty"`
		Sources []object `json:"dataset_import_sources,omitempty"`
	}
	entries := []entry{}
	highest := 0
	for _, db := range databases {
		db.UID = cmp.Or(db.UID, highest+1)
		highest = max(highest, db.UID)
		db.Name = cmp.Or(db.Name, fmt.Sprintf("db%d", db.UID))
		e := entry{Database: db}
		for _, name := range db.Modules {
			e.Modules = append(e.Modules, object{"module_name": name})
		}
		if db.Source != "" {
			e.Sources = []object{{"type": "mount_point", "path": db.Source}}
			if strings.Contains(db.Source, "://") {
				e.Sources = []object{{"type": "url", "url": db.Source}}
			}
		}
		entries = append(entries, e)
	}
	data, err := json.Marshal(object{
		"modules": []object{{
			"uid": "0123456789abcdef0123456789abcdef", "module_name": LegacyModule, "display_name": "A module of one's own",
			"semantic_version": "1.0.0", "capabilities": []string{"types", "persistence_rdb"},
		}},
		"databases": entries,
	})
	if err != nil {
		panic(err) // of strings and numbers
	}
	return data
}
