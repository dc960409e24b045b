package seed

import (
	"errors"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/database"
)

// addDatabase builds the record through the same rules as a creation, then puts it in the state that the file gives.
// An import or a backup that runs in it belongs to nobody: it stays as it is.
func (r reader) addDatabase(c *Seed, d fileDatabase, name string) error {
	sources, err := r.sources(d, name)
	if err != nil {
		return err
	}
	change := database.Change{Name: &d.Name, MemorySize: &d.MemorySize, SkipImportAnalyze: &d.SkipImportAnalyze, Sources: &sources}
	if d.Modules != nil {
		refs := make([]database.ModuleRef, len(d.Modules))
		for i, m := range d.Modules {
			refs[i] = database.ModuleRef{Name: m.Name, SemanticVersion: m.SemanticVersion}
		}
		change.Modules = &refs
	}
	db, err := database.New(d.UID, "", change, c.Modules, time.Time{})
	if errors.Is(err, database.ErrMissingModule) {
		return r.refuse(d.Line, name+".module_list", "modules that the cluster has")
	}
	if err != nil {
		return err
	}
	d.setState(db)
	if field := new(database.FieldError); errors.As(db.Check(), &field) {
		return r.refuse(d.Line, name+"."+field.Field, field.Expected)
	}
	if slices.ContainsFunc(c.Databases, func(o *database.Database) bool { return o.UID == db.UID }) {
		return r.refuse(d.Line, name+".uid", "a uid that no other database has")
	}
	c.Databases = append(c.Databases, db)
	return nil
}

func (d fileDatabase) setState(db *database.Database) {
	if d.Status != "" {
		db.Status = database.Status(d.Status)
	}
	db.Import.Status = database.ImportStatus(d.ImportStatus)
	db.Import.Progress = d.ImportProgress
	db.Import.FailureReason = database.FailureReason(d.ImportFailureReason)
	db.Export = database.Operation{Status: database.OperationStatus(d.ExportStatus), Progress: d.ExportProgress, FailureReason: d.ExportFailureReason}
	db.Backup = database.Operation{Status: database.OperationStatus(d.BackupStatus), Progress: d.BackupProgress, FailureReason: d.BackupFailureReason}
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
