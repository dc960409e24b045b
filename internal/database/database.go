// Package database holds the rules of a database's life: the record, and what each action does to it. It is pure:
// no I/O, no clock, no HTTP. Every method either changes the record and returns nil, or returns an error and leaves
// the record as it was.
package database

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"time"
)

// Bounds of a database's fields, as openapi.yaml has them.
const (
	MaxUID        = 1<<31 - 1
	maxMemorySize = 1<<53 - 1
	maxNameLength = 63
	maxInterval   = 1<<31 - 1 // seconds
)

// Database is the record of one database, a "bdb" of the API. Its owner is whoever read it from the store.
type Database struct {
	UID  int // 1 to MaxUID, fixed at creation
	Name string
	Type string // redis or memcached

	Status     Status
	MemorySize int64 // bytes, 0 for no limit
	Port       int   // as the client gave it, 0 for any
	Modules    []ModuleRef

	// DataPlane is fixed at creation.
	DataPlane DataPlane  `json:",omitempty"`
	Redis     Attachment `json:",omitzero"` // of an attached database
	Endpoint  Endpoint   `json:",omitzero"` // unset until the data plane has one, and in a simulated database
	// Incomplete says that the Redis holds a part of an import, which must be erased unless the import succeeds.
	Incomplete bool `json:",omitempty"`

	SkipImportAnalyze bool
	EmailAlerts       bool

	Import Import
	Export Operation
	Backup Operation

	BackupPolicy BackupPolicy

	CreatedTime     time.Time
	LastChangedTime time.Time

	// Settings holds the other fields of a bdb as the client gave them, by their name on the wire. No rule reads them.
	Settings map[string]json.RawMessage `json:",omitempty"`
}

// BackupPolicy says when periodic backups run and where they go.
type BackupPolicy struct {
	Enabled        bool
	Interval       int             // seconds, 0 where unset
	IntervalOffset int             // seconds, less than Interval
	History        int             // days, 0 for ever
	Location       json.RawMessage `json:",omitempty"` // without credentials
}

// Change holds the settings that a creation or an update gives; nil leaves a setting as it is.
type Change struct {
	Name                 *string
	MemorySize           *int64
	Port                 *int
	Modules              *[]ModuleRef
	Sources              *[]Source
	SkipImportAnalyze    *bool
	EmailAlerts          *bool
	Backup               *bool
	BackupInterval       *int
	BackupIntervalOffset *int
	BackupHistory        *int
	BackupLocation       json.RawMessage
	Settings             map[string]json.RawMessage
}

// New returns the database that c describes, of type redis if typ is empty. A simulated one is active, any other pending
// until its data plane is ready. A database that names no modules gets the catalog's bundled ones. The store chooses the
// uid if it is 0.
func New(uid int, typ string, plane DataPlane, c Change, catalog Catalog, now time.Time) (*Database, error) {
	db := &Database{UID: uid, Type: typ, Status: Pending, DataPlane: plane, CreatedTime: now}
	if db.Type == "" {
		db.Type = "redis"
	}
	if c.Modules == nil && db.Type == "redis" {
		db.Modules = catalog.bundled()
	}
	if err := db.apply(c, catalog, now); err != nil {
		return nil, err
	}
	if plane != Simulated {
		return db, nil
	}
	return db, db.moveTo(Active)
}

// Update changes the settings that c gives; the zero Change changes nothing, LastChangedTime included. ErrBusy unless
// the database is active; ErrMissingModule and ErrMissingBackupInterval for a configuration that cannot be. If c has
// something for the data plane, the change is pending until that is ready.
func (db *Database) Update(c Change, catalog Catalog, now time.Time) error {
	next := *db
	if err := next.moveTo(ActiveChangePending); err != nil {
		return err
	}
	if reflect.ValueOf(c).IsZero() {
		return nil
	}
	if db.DataPlane == Attached && c.Port != nil && *c.Port != db.Port {
		return &FieldError{"port", "that of the Redis that the database is attached to"}
	}
	if err := next.apply(c, catalog, now); err != nil {
		return err
	}
	if db.DataPlane == Simulated || !c.reachesDataPlane() {
		if err := next.moveTo(Active); err != nil {
			return err
		}
	}
	*db = next
	return nil
}

// reachesDataPlane reports whether the change has something that the Redis of a database must learn of.
func (c Change) reachesDataPlane() bool {
	return c.MemorySize != nil || c.Port != nil || len(c.Settings) > 0
}

// Delete marks the database for deletion. ErrBusy unless it is active and nothing runs on it, or its Redis cannot be had.
func (db *Database) Delete() error {
	without := db.DataPlane != Simulated && (db.Status == CreationFailed || db.Status == Recovery)
	if db.busy() && !without {
		return ErrBusy
	}
	return db.moveTo(DeletePending)
}

func (db *Database) apply(c Change, catalog Catalog, now time.Time) error {
	before := db.size()
	if c.Modules != nil {
		modules, err := catalog.resolve(*c.Modules)
		if err != nil {
			return err
		}
		db.Modules = modules
	}
	if c.BackupInterval != nil && *c.BackupInterval < 1 {
		return &FieldError{"backup_interval", fmt.Sprintf("an integer from 1 to %d", maxInterval)}
	}
	set(&db.Name, c.Name)
	set(&db.MemorySize, c.MemorySize)
	set(&db.Port, c.Port)
	set(&db.Import.Sources, c.Sources)
	set(&db.SkipImportAnalyze, c.SkipImportAnalyze)
	set(&db.EmailAlerts, c.EmailAlerts)
	set(&db.BackupPolicy.Enabled, c.Backup)
	set(&db.BackupPolicy.Interval, c.BackupInterval)
	set(&db.BackupPolicy.IntervalOffset, c.BackupIntervalOffset)
	set(&db.BackupPolicy.History, c.BackupHistory)
	if c.BackupLocation != nil {
		db.BackupPolicy.Location = c.BackupLocation
	}
	db.Settings = merged(db.Settings, c.Settings)
	db.LastChangedTime = now
	if err := db.checkSize(before); err != nil {
		return err
	}
	return db.BackupPolicy.check()
}

func (p BackupPolicy) check() error {
	if p.Enabled && p.Interval == 0 {
		return ErrMissingBackupInterval
	}
	if p.Interval > 0 && p.IntervalOffset >= p.Interval {
		return &FieldError{Field: "backup_interval_offset", Expected: "less than backup_interval"}
	}
	return nil
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// merged leaves both maps as they are: the record that Update works on shares its map with the one it may return to.
func merged(old, changes map[string]json.RawMessage) map[string]json.RawMessage {
	if len(changes) == 0 {
		return old
	}
	all := make(map[string]json.RawMessage, len(old)+len(changes))
	for _, settings := range []map[string]json.RawMessage{old, changes} {
		for name, value := range settings {
			all[name] = value
		}
	}
	return all
}

var name = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// CheckName returns what is wrong with a name as a *FieldError.
func CheckName(text string) error {
	if len(text) > maxNameLength || !name.MatchString(text) {
		return &FieldError{"name", "letters, digits and hyphens, a letter or digit at both ends"}
	}
	return nil
}

// Check returns what in the record no sequence of actions could have brought about, as a *FieldError.
func (db *Database) Check() error {
	switch {
	case db.UID < 1 || db.UID > MaxUID:
		return &FieldError{"uid", fmt.Sprintf("an integer from 1 to %d", MaxUID)}
	case CheckName(db.Name) != nil:
		return CheckName(db.Name)
	case db.Type != "redis" && db.Type != "memcached":
		return &FieldError{"type", "redis or memcached"}
	case db.MemorySize < 0 || db.MemorySize > maxMemorySize:
		return &FieldError{"memory_size", fmt.Sprintf("bytes, an integer from 0 to %d", int64(maxMemorySize))}
	case !slices.Contains(statuses, db.Status):
		return &FieldError{"status", fmt.Sprintf("one of %q", statuses)}
	}
	if err := db.checkDataPlane(); err != nil {
		return err
	}
	if err := db.Import.check(db.Status); err != nil {
		return err
	}
	if err := db.Export.check("export"); err != nil {
		return err
	}
	if err := db.Backup.check("backup"); err != nil {
		return err
	}
	return db.BackupPolicy.check()
}
