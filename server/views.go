package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// views shows records as bdbs of the API. A member comes from what the rules know, else from the settings that the record
// keeps, else from the initial values of the contract.
type views struct {
	initial         map[string]json.RawMessage
	names           []string       // of initial, sorted
	plain           []byte         // what ends the bdb of a record without settings
	fields          map[string]int // of api.BDB, by name
	ruled           map[string]bool
	created         []int // the fields of api.BDBCreate that stand for those of api.BDBUpdate
	backupInterval  int
	backgroundOp    json.RawMessage
	showCredentials bool
}

func newViews(doc *openapi3.T, showCredentials bool) (*views, error) {
	v := &views{initial: map[string]json.RawMessage{}, fields: map[string]int{}, showCredentials: showCredentials}
	t := reflect.TypeFor[api.BDB]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		v.fields[name] = i
	}
	create, update := reflect.TypeFor[api.BDBCreate](), reflect.TypeFor[api.BDBUpdate]()
	for i := range update.NumField() {
		field, ok := create.FieldByName(update.Field(i).Name)
		if !ok {
			return nil, fmt.Errorf("a creation has no field %s", update.Field(i).Name)
		}
		v.created = append(v.created, field.Index[0])
	}
	example, err := json.Marshal(doc.Components.Examples["NewBDB"].Value.Value)
	if err != nil {
		return nil, err
	}
	var bdb api.BDB
	if err := json.Unmarshal(example, &bdb); err != nil {
		return nil, fmt.Errorf("the example NewBDB: %w", err)
	}
	if err := json.Unmarshal(example, &v.initial); err != nil {
		return nil, err
	}
	v.backupInterval, v.backgroundOp = value(bdb.BackupInterval), bdb.BackgroundOp
	if v.ruled, err = v.ruledMembers(); err != nil {
		return nil, err
	}
	maps.DeleteFunc(v.initial, func(name string, _ json.RawMessage) bool { return v.ruled[name] })
	v.names = slices.Sorted(maps.Keys(v.initial))
	for _, name := range v.names {
		v.plain = appendMember(v.plain, name, v.initial[name])
	}
	v.plain = append(v.plain, '}')
	return v, nil
}

// ruledMembers are those that a record of which nothing is unset shows by itself.
func (v *views) ruledMembers() (map[string]bool, error) {
	some := time.Unix(1, 0)
	db := &database.Database{
		CreatedTime: some, LastChangedTime: some, Export: database.Operation{LastTime: some}, Backup: database.Operation{LastTime: some},
		BackupPolicy: database.BackupPolicy{Interval: 1, Location: json.RawMessage("{}")},
	}
	bdb, err := v.lifecycle(db)
	ruled := map[string]bool{}
	for name, i := range v.fields {
		ruled[name] = !reflect.ValueOf(bdb).Elem().Field(i).IsZero()
	}
	return ruled, err
}

// of returns the bdb of a record, with the named fields alone unless fields is nil.
func (v *views) of(db *database.Database, fields *[]string) (bdbJSON, error) {
	bdb, err := v.lifecycle(db)
	if err != nil {
		return nil, err
	}
	return v.encode(bdb, db.Settings, fields)
}

// deleted returns the bdb of a record that is gone, as a cluster does while it deletes the database.
func (v *views) deleted(db *database.Database) (bdbJSON, error) {
	bdb, err := v.lifecycle(db)
	if err != nil {
		return nil, err
	}
	bdb.BackgroundOp = json.RawMessage(`[{"name":"SMDeleteBDB","status":"pending","progress":0}]`)
	return v.encode(bdb, db.Settings, nil)
}

// encode joins the members that the rules know with the others.
func (v *views) encode(bdb *api.BDB, settings map[string]json.RawMessage, fields *[]string) (bdbJSON, error) {
	if fields != nil {
		bdb = v.project(bdb, *fields)
	}
	data, err := json.Marshal(bdb)
	if err != nil {
		return nil, err
	}
	data = data[:len(data)-1]
	switch {
	case fields != nil:
		for _, name := range slices.Compact(slices.Sorted(slices.Values(*fields))) {
			data = v.appendSetting(data, settings, name)
		}
	case len(settings) == 0:
		return bdbJSON{data, v.plain}, nil
	default:
		data = v.appendSettings(slices.Grow(data, len(v.plain)+1), settings)
	}
	return bdbJSON{append(data, '}')}, nil
}

// members returns the named members of a record's bdb, decoded as a request is.
func (v *views) members(db *database.Database, names []string) (map[string]any, error) {
	bdb, err := v.of(db, &names)
	if err != nil {
		return nil, err
	}
	value, _, err := decode(bytes.Join(bdb, nil))
	members, _ := value.(map[string]any)
	return members, err
}

// stillShown returns errChanged if the members that were dropped from a request are no longer what GET shows.
func (v *views) stillShown(ctx context.Context, db *database.Database) error {
	dropped, _ := ctx.Value(droppedKey{}).(map[string]any)
	if len(dropped) == 0 {
		return nil
	}
	shown, err := v.members(db, slices.Collect(maps.Keys(dropped)))
	if err == nil && !reflect.DeepEqual(shown, dropped) {
		err = errChanged
	}
	return err
}

// list returns the bdbs of records as one list.
func (v *views) list(all []*database.Database, fields *[]string) (bdbJSON, error) {
	list := bdbJSON{[]byte("[")}
	for i, db := range all {
		bdb, err := v.of(db, fields)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			list = append(list, []byte(","))
		}
		list = append(list, bdb...)
	}
	return append(list, []byte("]")), nil
}

func (v *views) appendSettings(data []byte, settings map[string]json.RawMessage) []byte {
	for _, name := range v.names {
		data = v.appendSetting(data, settings, name)
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if v.initial[name] == nil {
			data = v.appendSetting(data, settings, name)
		}
	}
	return data
}

// appendSetting appends a member that no rule knows, if there is one of that name.
func (v *views) appendSetting(data []byte, settings map[string]json.RawMessage, name string) []byte {
	text, ok := settings[name]
	if ok && !v.showCredentials {
		text = masked(name, text)
	} else if !ok {
		text = v.initial[name]
	}
	if text == nil || v.ruled[name] {
		return data
	}
	return appendMember(data, name, text)
}

// appendMember appends to an object that lacks its closing brace.
func appendMember(data []byte, name string, text json.RawMessage) []byte {
	if !bytes.HasSuffix(data, []byte("{")) {
		data = append(data, ',')
	}
	return append(append(strconv.AppendQuote(data, name), ':'), text...)
}

func (v *views) project(bdb *api.BDB, fields []string) *api.BDB {
	some := new(api.BDB)
	from, to := reflect.ValueOf(bdb).Elem(), reflect.ValueOf(some).Elem()
	for _, name := range fields {
		if i, ok := v.fields[name]; ok {
			to.Field(i).Set(from.Field(i))
		}
	}
	return some
}

// lifecycle returns the members that the rules know, and no others.
func (v *views) lifecycle(db *database.Database) (bdb *api.BDB, err error) {
	bdb = new(api.BDB)
	bdb.UID, bdb.Name, bdb.Type, bdb.Port, bdb.MemorySize = &db.UID, &db.Name, &db.Type, &db.Port, &db.MemorySize
	bdb.Status, bdb.ModuleList, bdb.Endpoints = new(api.BDBStatus(db.Status)), moduleList(db.Modules), &[]api.Endpoint{}
	bdb.SkipImportAnalyze = new(map[bool]string{true: "enabled", false: "disabled"}[db.SkipImportAnalyze])
	bdb.BackgroundOp = v.backgroundOp
	bdb.EmailAlerts, bdb.DatasetImportSources = &db.EmailAlerts, &[]api.ImportSource{}
	bdb.CreatedTime, bdb.LastChangedTime = timeView(db.CreatedTime), timeView(db.LastChangedTime)

	bdb.ImportStatus = new(api.ImportStatus(db.Import.Status))
	bdb.ImportProgress, bdb.ImportFailureReason = &db.Import.Progress, new(string(db.Import.FailureReason))
	bdb.ExportStatus = new(api.ExportStatus(db.Export.Status))
	bdb.ExportProgress, bdb.ExportFailureReason = &db.Export.Progress, &db.Export.FailureReason
	bdb.LastExportTime = timeView(db.Export.LastTime)
	bdb.BackupStatus = new(api.ExportStatus(db.Backup.Status))
	bdb.BackupProgress, bdb.BackupFailureReason = &db.Backup.Progress, &db.Backup.FailureReason
	bdb.LastBackupTime = timeView(db.Backup.LastTime)

	bdb.Backup, bdb.BackupHistory, bdb.BackupInterval = &db.BackupPolicy.Enabled, &db.BackupPolicy.History, &v.backupInterval
	if db.BackupPolicy.Interval > 0 {
		bdb.BackupInterval, bdb.BackupIntervalOffset = &db.BackupPolicy.Interval, &db.BackupPolicy.IntervalOffset
	}
	if len(db.BackupPolicy.Location) > 0 {
		err = json.Unmarshal(db.BackupPolicy.Location, &bdb.BackupLocation)
	}
	return bdb, err
}

func moduleList(modules []database.ModuleRef) *[]api.ModuleRef {
	list := make([]api.ModuleRef, len(modules))
	for i, m := range modules {
		list[i] = api.ModuleRef{ModuleID: &m.UID, ModuleName: &m.Name, SemanticVersion: &m.SemanticVersion, ModuleArgs: &m.Args}
	}
	return &list
}

// timeView is nil for the zero time: Redis Software leaves out what has not happened.
func timeView(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Format(time.RFC3339))
}

// bdbJSON is a bdb, or a list of them, as it is sent, in pieces of which some are shared. The generated types would encode
// 179 members by reflection, and give settings another spelling than they came in.
type bdbJSON [][]byte

// VisitListBDBsResponse and its like implement the generated interfaces of answers.
func (b bdbJSON) VisitListBDBsResponse(w http.ResponseWriter) error  { return b.send(w) }
func (b bdbJSON) VisitCreateBDBResponse(w http.ResponseWriter) error { return b.send(w) }
func (b bdbJSON) VisitGetBDBResponse(w http.ResponseWriter) error    { return b.send(w) }
func (b bdbJSON) VisitUpdateBDBResponse(w http.ResponseWriter) error { return b.send(w) }
func (b bdbJSON) VisitDeleteBDBResponse(w http.ResponseWriter) error { return b.send(w) }

func (b bdbJSON) send(w http.ResponseWriter) error {
	length := 0
	for _, piece := range b {
		length += len(piece)
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	w.Header()["Content-Length"] = []string{strconv.Itoa(length)}
	w.WriteHeader(http.StatusOK)
	for _, piece := range b {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}
