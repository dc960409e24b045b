package server

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// views shows records as bdbs of the API.
type views struct {
	defaults        api.BDB // of the contract, shared by all answers and never written through
	names           []string
	showCredentials bool
}

func newViews(doc *openapi3.T, showCredentials bool) (*views, error) {
	defaults := map[string]any{}
	for name, property := range doc.Components.Schemas["BDB"].Value.Properties {
		if property.Value.Default != nil {
			defaults[name] = property.Value.Default
		}
	}
	data, err := json.Marshal(defaults)
	if err != nil {
		return nil, err
	}
	v := &views{showCredentials: showCredentials}
	t := reflect.TypeFor[api.BDB]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		v.names = append(v.names, name)
	}
	return v, json.Unmarshal(data, &v.defaults)
}

// of returns the bdb of a record, with the named fields alone where fields is not nil.
func (v *views) of(db *database.Database, fields *[]string) (api.BDB, error) {
	bdb := v.defaults
	if len(db.Settings) > 0 {
		given, err := settingsView(db.Settings)
		if err != nil {
			return api.BDB{}, err
		}
		overlay(&bdb, &given)
	}
	showLifecycle(&bdb, db)
	if len(db.BackupPolicy.Location) > 0 {
		if err := json.Unmarshal(db.BackupPolicy.Location, &bdb.BackupLocation); err != nil {
			return api.BDB{}, err
		}
	}
	if !v.showCredentials {
		maskCredentials(&bdb)
	}
	if fields != nil {
		v.project(&bdb, *fields)
	}
	return bdb, nil
}

func settingsView(settings map[string]json.RawMessage) (bdb api.BDB, err error) {
	data, err := json.Marshal(settings)
	if err != nil {
		return bdb, err
	}
	return bdb, json.Unmarshal(data, &bdb)
}

// overlay sets the fields of dst that src has. All fields of a bdb are pointers, nil where absent.
func overlay(dst, src *api.BDB) {
	to, from := reflect.ValueOf(dst).Elem(), reflect.ValueOf(src).Elem()
	for i := range from.NumField() {
		if !from.Field(i).IsNil() {
			to.Field(i).Set(from.Field(i))
		}
	}
}

func (v *views) project(bdb *api.BDB, fields []string) {
	value := reflect.ValueOf(bdb).Elem()
	for i, name := range v.names {
		if !slices.Contains(fields, name) {
			value.Field(i).SetZero()
		}
	}
}

func showLifecycle(bdb *api.BDB, db *database.Database) {
	analyze := map[bool]string{true: "enabled", false: "disabled"}[db.SkipImportAnalyze]
	modules := make([]api.ModuleRef, len(db.Modules))
	for i, m := range db.Modules {
		var args any = m.Args
		modules[i] = api.ModuleRef{ModuleID: &m.UID, ModuleName: &m.Name, SemanticVersion: &m.SemanticVersion, ModuleArgs: &args}
	}
	bdb.UID, bdb.Name, bdb.Type, bdb.Port, bdb.MemorySize = &db.UID, &db.Name, &db.Type, &db.Port, &db.MemorySize
	bdb.Status, bdb.ModuleList, bdb.Endpoints = new(api.BDBStatus(db.Status)), &modules, &[]api.Endpoint{}
	bdb.SkipImportAnalyze, bdb.EmailAlerts = &analyze, &db.EmailAlerts
	bdb.CreatedTime, bdb.LastChangedTime = timeView(db.CreatedTime), timeView(db.LastChangedTime)

	bdb.ImportStatus = new(api.ImportStatus(db.Import.Status))
	bdb.ImportProgress, bdb.ImportFailureReason = &db.Import.Progress, new(string(db.Import.FailureReason))
	bdb.ExportStatus = new(api.ExportStatus(db.Export.Status))
	bdb.ExportProgress, bdb.ExportFailureReason = &db.Export.Progress, &db.Export.FailureReason
	bdb.LastExportTime = timeView(db.Export.LastTime)
	bdb.BackupStatus = new(api.ExportStatus(db.Backup.Status))
	bdb.BackupProgress, bdb.BackupFailureReason = &db.Backup.Progress, &db.Backup.FailureReason
	bdb.LastBackupTime = timeView(db.Backup.LastTime)

	bdb.Backup, bdb.BackupHistory = &db.BackupPolicy.Enabled, &db.BackupPolicy.History
	if db.BackupPolicy.Interval > 0 {
		bdb.BackupInterval, bdb.BackupIntervalOffset = &db.BackupPolicy.Interval, &db.BackupPolicy.IntervalOffset
	}
}

// timeView is nil for the zero time: Redis Software leaves out what has not happened.
func timeView(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Format(time.RFC3339))
}
