package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/database"
)

// addDatabase builds the record through the same rules as a creation, then puts it in the state that the file gives.
// An import or a backup that runs in it belongs to nobody: it stays as it is.
func (r reader) addDatabase(c *Seed, d fileDatabase, name string) error {
	change, err := r.change(d, name)
	if err != nil {
		return err
	}
	plane, redis, open, err := r.place(d, name)
	if err != nil {
		return err
	}
	db, err := database.New(d.UID, d.Type, plane, change, c.Modules, time.Time{})
	switch {
	case errors.Is(err, database.ErrMissingModule):
		return r.refuse(d.Line, name+".module_list", "modules that the cluster has")
	case errors.Is(err, database.ErrMissingBackupInterval):
		return r.refuse(d.Line, name+".backup_interval", "a number of seconds, as backup is true")
	case err == nil:
		if plane == database.Attached {
			db.Redis, db.Port = redis, redis.Port()
		}
		if err = r.setState(db, d, name); err == nil {
			err = db.Check()
		}
	}
	if err != nil {
		return r.refuseIn(d.Line, name, err)
	}
	if slices.ContainsFunc(c.Databases, func(o *database.Database) bool { return o.UID == db.UID }) {
		return r.refuse(d.Line, name+".uid", "a uid that no other database has")
	}
	if slices.ContainsFunc(c.Databases, func(o *database.Database) bool { return o.Redis.SamePlace(db.Redis) }) {
		return r.refuse(d.Redis.Line, name+".redis.url", "a Redis that no other database is attached to, as an import erases what it holds")
	}
	if err := r.checkFit(c, db, d.Line, name); err != nil {
		return err
	}
	c.Databases = append(c.Databases, db)
	if open {
		c.open(db.UID)
	}
	return r.addScripts(c, d, name)
}

// checkFit holds a database against what the cluster has, and what those before it take of that.
func (r reader) checkFit(c *Seed, db *database.Database, line int, name string) error {
	before := func(yield func(database.Database) bool) {
		for _, o := range c.Databases {
			if !yield(*o) {
				return
			}
		}
	}
	switch err := db.Fits(nil, before, c.MemoryLimit); {
	case errors.Is(err, database.ErrPortUnavailable):
		return r.refuse(line, name+".port", "one that no other database has")
	case errors.Is(err, database.ErrInsufficientResources):
		return r.refuse(line, name+".memory_size", fmt.Sprintf("no more than is left of the memory_limit of %d bytes", c.MemoryLimit))
	}
	return nil
}

func (s *Seed) open(uid int) {
	if s.Open == nil {
		s.Open = map[int]bool{}
	}
	s.Open[uid] = true
}

// change returns the settings that a creation would give.
func (r reader) change(d fileDatabase, name string) (c database.Change, err error) {
	sources, err := r.sources(d, name)
	if err != nil {
		return c, err
	}
	c = database.Change{
		Name: &d.Name, MemorySize: &d.MemorySize, Port: &d.Port, SkipImportAnalyze: &d.SkipImportAnalyze, EmailAlerts: &d.EmailAlerts,
		Sources: &sources, Backup: &d.Backup, BackupIntervalOffset: &d.BackupIntervalOffset, BackupHistory: &d.BackupHistory,
	}
	if d.BackupInterval != 0 {
		c.BackupInterval = &d.BackupInterval
	}
	if d.Modules != nil {
		refs := make([]database.ModuleRef, len(d.Modules))
		for i, m := range d.Modules {
			refs[i] = database.ModuleRef(m)
		}
		c.Modules = &refs
	}
	if d.BackupLocation != "" {
		if c.BackupLocation = json.RawMessage(d.BackupLocation); !withoutCredentials(c.BackupLocation) {
			return c, r.refuse(d.Line, name+".backup_location", "a JSON object without credentials, which a database does not keep")
		}
	}
	c.Settings = map[string]json.RawMessage{}
	for _, s := range d.Settings {
		if _, twice := c.Settings[s.Name]; twice || s.Name == "" || !json.Valid([]byte(s.Value)) {
			return c, r.refuse(d.Line, name+".settings", "names, each once, and values in JSON")
		}
		c.Settings[s.Name] = json.RawMessage(s.Value)
	}
	return c, nil
}

func (r reader) setState(db *database.Database, d fileDatabase, name string) error {
	if d.Status != "" && db.DataPlane == database.Simulated {
		db.Status = database.Status(d.Status)
	}
	db.Import.Status = database.ImportStatus(d.ImportStatus)
	db.Import.Progress = d.ImportProgress
	db.Import.FailureReason = database.FailureReason(d.ImportFailureReason)
	db.Export = database.Operation{Status: database.OperationStatus(d.ExportStatus), Progress: d.ExportProgress, FailureReason: d.ExportFailureReason}
	db.Backup = database.Operation{Status: database.OperationStatus(d.BackupStatus), Progress: d.BackupProgress, FailureReason: d.BackupFailureReason}
	for field, t := range map[string]struct {
		text string
		at   *time.Time
	}{
		"last_export_time":  {d.LastExportTime, &db.Export.LastTime},
		"last_backup_time":  {d.LastBackupTime, &db.Backup.LastTime},
		"created_time":      {d.CreatedTime, &db.CreatedTime},
		"last_changed_time": {d.LastChangedTime, &db.LastChangedTime},
	} {
		if t.text == "" {
			continue
		}
		var err error
		if *t.at, err = time.Parse(time.RFC3339Nano, t.text); err != nil {
			return r.refuse(d.Line, name+"."+field, "a time such as 2026-01-02T03:04:05Z")
		}
	}
	return nil
}

func (r reader) sources(d fileDatabase, name string) ([]database.Source, error) {
	var sources []database.Source
	for _, s := range d.Sources {
		source := database.Source{Type: s.Type, Location: s.Path + s.URL}
		fits := s.Type == database.SourceMountPoint && s.URL == "" || s.Type == database.SourceURL && s.Path == ""
		if !fits || source.Location == "" {
			return nil, r.refuse(s.Line, name+".dataset_import_sources", "type mount_point with a path, or type url with a url")
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// credentials are the members of a backup location that the API takes and forgets.
var credentials = []string{
	"url", "sftp_url", "key", "access_key_id", "secret_access_key", "private_key_id", "private_key", "account_key", "sas_token",
}

func withoutCredentials(location json.RawMessage) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(location, &members) == nil &&
		!slices.ContainsFunc(credentials, func(name string) bool { return members[name] != nil })
}
