package database

import (
	"fmt"
	"regexp"
	"slices"
)

// ImportStatus is the state of a database's newest import.
type ImportStatus string

// The states of an import. A database that was never imported into has the empty one, as real clusters report it.
const (
	ImportNever        ImportStatus = ""
	ImportIdle         ImportStatus = "idle"
	ImportInitializing ImportStatus = "initializing" // waiting, fetching, checking
	ImportImporting    ImportStatus = "importing"    // loading
	ImportSucceeded    ImportStatus = "succeeded"
	ImportFailed       ImportStatus = "failed"
)

var importStatuses = []ImportStatus{ImportNever, ImportIdle, ImportInitializing, ImportImporting, ImportSucceeded, ImportFailed}

// FailureReason says why an import failed, in the words of the API.
type FailureReason string

// The reasons of a failed import; FileLargerThanMemLimit makes the one with numbers in it.
const (
	DownloadError     FailureReason = "download-error"
	FileCorrupted     FailureReason = "file-corrupted"
	GeneralError      FailureReason = "general-error"
	KeyTooLong        FailureReason = "key-too-long"
	InvalidBulkLength FailureReason = "invalid-bulk-length"
	OutOfMemory       FailureReason = "out-of-memory"
)

// FileLargerThanMemLimit is the reason of an import whose dataset is expected to take at least so many bytes, more than the
// database may.
func FileLargerThanMemLimit(expected, limit int64) FailureReason {
	return FailureReason(fmt.Sprintf("file-larger-than-mem-limit:%d:%d", expected, limit))
}

// ImportError is the failure of an import by whoever knows its reason.
type ImportError struct {
	Reason FailureReason
	Err    error // what happened, for the log
}

func (e *ImportError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ImportError) Unwrap() error { return e.Err }

var reasons = regexp.MustCompile(`^(download-error|file-corrupted|general-error|key-too-long|invalid-bulk-length|out-of-memory|file-larger-than-mem-limit:\d+:\d+)$`)

// Valid reports whether r is one of the reasons, with numbers where it has some.
func (r FailureReason) Valid() bool { return reasons.MatchString(string(r)) }

// Import is what a database knows of its newest import.
type Import struct {
	Status        ImportStatus
	Progress      float64       // percent, 100 exactly when succeeded
	FailureReason FailureReason // set exactly when failed
	Sources       []Source      `json:",omitempty"`
	Load          Load          `json:",omitzero"`

	// Run owns an import under way. A record may show an import without one: nobody will end it.
	Run Run `json:",omitzero"`
}

// Load is how far the loading of an import is, beside its progress. An import that loads nothing has none.
type Load struct {
	Keys          int64 `json:",omitempty"` // loaded, at most TotalKeys
	TotalKeys     int64 `json:",omitempty"` // to load
	KeysPerSecond int64 `json:",omitempty"` // of late; once the import has succeeded, on average
	SecondsLeft   int64 `json:",omitempty"` // an estimate, while it is loading
}

// Source is where one RDB file of an import comes from.
type Source struct {
	Type     string // SourceMountPoint or SourceURL
	Location string // an absolute path, or a URL that may hold credentials
}

// The types of sources that an import can read, by their name on the wire.
const (
	SourceMountPoint = "mount_point"
	SourceURL        = "url"
)

// Running reports whether the import is under way.
func (i Import) Running() bool {
	return i.Status == ImportInitializing || i.Status == ImportImporting
}

// StartImport begins the import that run owns, from sources or, where these are nil, from those stored. It returns
// ErrUnsupportedModule, ErrBusy or ErrMissingSources, in this order, or a *FieldError for sources that are too long.
func (db *Database) StartImport(catalog Catalog, sources []Source, run Run) error {
	if err := db.readyFor(catalog); err != nil {
		return err
	}
	if sources == nil {
		sources = db.Import.Sources
	}
	if len(sources) == 0 {
		return ErrMissingSources
	}
	next := *db
	next.Import = Import{Status: ImportInitializing, Sources: sources, Run: run}
	if err := next.checkSize(db.size()); err != nil {
		return err
	}
	if err := next.moveTo(ImportPending); err != nil {
		return err
	}
	*db = next
	return nil
}

// BeginLoading moves the import of run from initializing to importing. ErrStaleRun where run does not own one there.
func (db *Database) BeginLoading(run string) error {
	if !db.owns(run) || db.Import.Status != ImportInitializing {
		return ErrStaleRun
	}
	db.Import.Status = ImportImporting
	db.Incomplete = db.DataPlane != Simulated
	return nil
}

// Erased notes that the Redis of the database holds nothing of the import of run, which is loading. ErrStaleRun if run does
// not own one there.
func (db *Database) Erased(run string) error {
	if !db.owns(run) || db.Import.Status != ImportImporting {
		return ErrStaleRun
	}
	db.Incomplete = false
	return nil
}

// ReportProgress notes how far the loading of run is, in percent and in keys. It never goes back, and never reaches 100 %,
// which says succeeded. ErrStaleRun if run does not own the import.
func (db *Database) ReportProgress(run string, percent float64, load Load) error {
	if !db.owns(run) || db.Import.Status != ImportImporting {
		return ErrStaleRun
	}
	load.Keys = max(load.Keys, db.Import.Load.Keys)
	load.TotalKeys = max(load.TotalKeys, load.Keys)
	db.Import.Progress, db.Import.Load = max(db.Import.Progress, min(percent, 99.9)), load
	return nil
}

// SucceedImport ends the import of run, which is loading. ErrStaleRun where run does not own one there.
func (db *Database) SucceedImport(run string) error {
	if !db.owns(run) || db.Import.Status != ImportImporting {
		return ErrStaleRun
	}
	return db.endImport(ImportSucceeded, 100, "")
}

// FailImport ends the import of run for the given reason. A database that is incomplete is not active before it is erased.
// ErrStaleRun where run does not own the import.
func (db *Database) FailImport(run string, reason FailureReason) error {
	if !db.owns(run) {
		return ErrStaleRun
	}
	return db.endImport(ImportFailed, db.Import.Progress, reason)
}

// ResetImportStatus puts the import status back to idle. It returns ErrUnsupportedModule or ErrBusy, in this order.
// Doing it again changes nothing.
func (db *Database) ResetImportStatus(catalog Catalog) error {
	if err := db.readyFor(catalog); err != nil {
		return err
	}
	db.Import = Import{Status: ImportIdle, Sources: db.Import.Sources}
	return nil
}

// readyFor holds what an import and a reset of its status both ask for. Redis Software's page on the reset names a
// running backup where its siblings name their own operation; every reading is kept, so each of them is refused.
func (db *Database) readyFor(catalog Catalog) error {
	if !catalog.supports(db.Modules, BackupRestore) {
		return ErrUnsupportedModule
	}
	if db.busy() {
		return ErrBusy
	}
	return nil
}

func (db *Database) owns(run string) bool {
	return run != "" && db.Import.Run.ID == run && db.Import.Running()
}

func (db *Database) endImport(s ImportStatus, percent float64, reason FailureReason) error {
	incomplete := db.Incomplete && s == ImportFailed
	to := Active
	if incomplete {
		to = Recovery
	}
	if err := db.moveTo(to); err != nil {
		return err
	}
	db.Incomplete = incomplete
	load := db.Import.Load
	load.SecondsLeft = 0
	db.Import = Import{Status: s, Progress: percent, FailureReason: reason, Sources: db.Import.Sources, Load: load}
	return nil
}

func (i Import) check(s Status) error {
	switch {
	case !slices.Contains(importStatuses, i.Status):
		return &FieldError{"import_status", `"", idle, initializing, importing, succeeded or failed`}
	case i.Running() != (s == ImportPending):
		return &FieldError{"status", "import-pending exactly while import_status is initializing or importing"}
	case !progressFits(i.Progress, i.Status == ImportImporting || i.Status == ImportFailed, i.Status == ImportSucceeded):
		return &FieldError{"import_progress", "100 when succeeded, below 100 when importing or failed, else 0"}
	case i.Status == ImportFailed && !i.FailureReason.Valid():
		return &FieldError{"import_failure_reason", "a reason of the API where import_status is failed"}
	case i.Status != ImportFailed && i.FailureReason != "":
		return &FieldError{"import_failure_reason", "nothing unless import_status is failed"}
	case i.Run != Run{} && !i.Running():
		return &FieldError{"import_status", "an import under way, as a run owns it"}
	}
	return i.Load.check(i.Status)
}

func (l Load) check(s ImportStatus) error {
	if l.Keys < 0 || l.KeysPerSecond < 0 || l.SecondsLeft < 0 {
		return &FieldError{"import_keys", "0 or more, as the pace and the time left"}
	}
	loading := s == ImportImporting
	switch {
	case l.Keys > l.TotalKeys:
		return &FieldError{"import_keys", "at most import_total_keys"}
	case l != Load{} && !loading && s != ImportSucceeded && s != ImportFailed:
		return &FieldError{"import_total_keys", "nothing before an import loads"}
	case l.SecondsLeft != 0 && !loading:
		return &FieldError{"import_seconds_left", "0 unless the import is loading"}
	}
	return nil
}
