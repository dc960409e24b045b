package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// full is a record with something in every part that could be shared or lost.
func full(uid int) *database.Database {
	db := named(uid)
	db.MemorySize, db.Port = 1<<40, 12000
	db.Modules = []database.ModuleRef{{UID: "0123456789abcdef0123456789abcdef", Name: "search", SemanticVersion: "8.2.0", Args: "ON"}}
	db.Import = database.Import{
		Status: database.ImportFailed, Progress: 12.5, FailureReason: database.DownloadError,
		Sources: []database.Source{{Type: database.SourceURL, Location: "ftp://u:p@host/a.rdb?x=<1>&y"}},
	}
	db.Export = database.Operation{Status: database.OperationSucceeded, Progress: 100, LastTime: time.Unix(1700000000, 1).UTC()}
	db.BackupPolicy = database.BackupPolicy{Enabled: true, Interval: 3600, Location: json.RawMessage(`{"type":"sftp"}`)}
	db.CreatedTime = time.Date(2024, 2, 29, 12, 0, 0, 987654321, time.UTC)
	db.LastChangedTime = db.CreatedTime.Add(time.Hour)
	db.Settings = map[string]json.RawMessage{"sharding": json.RawMessage(`true`), "tags": json.RawMessage(`[{"key":"<&>"}]`)}
	return db
}

func (s suite) create(t *testing.T) {
	f := s.fresh(t)
	f.equal("Create", f.add(full(3)), full(3))
	f.equal("Get", f.get(3), full(3))
	f.reopen()
	f.equal("Get after reopening", f.get(3), full(3))
}

func (s suite) choosesUIDs(t *testing.T) {
	f := s.fresh(t)
	next := func(want int) {
		t.Helper()
		given := named(0)
		f.equal("uid", f.add(given).UID, want)
		f.equal("uid of what was given", given.UID, 0)
		f.equal("stored uid", f.get(want).UID, want)
	}
	next(1)
	f.add(named(7))
	next(8)
	if _, err := store.Create(t.Context(), f, named(7)); !errors.Is(err, database.ErrUIDExists) {
		t.Fatalf("Create of a taken uid: %v", err)
	}
	f.drop(8)
	next(9)
	f.drop(9)
	f.reopen()
	next(10)
	f.add(named(database.MaxUID))
	next(2)
	next(3)
}

func (s suite) list(t *testing.T) {
	f := s.fresh(t)
	f.equal("List of nothing", f.list(), []*database.Database{})
	uids := []int{100, 9, database.MaxUID, 10, 1}
	for _, uid := range uids {
		f.add(named(uid))
	}
	slices.Sort(uids)
	for _, when := range []string{"List", "List after reopening"} {
		var listed []int
		for _, db := range f.list() {
			f.equal(when, db, named(db.UID))
			listed = append(listed, db.UID)
		}
		f.equal(when, listed, uids)
		f.reopen()
	}
}

func (s suite) update(t *testing.T) {
	f := s.fresh(t)
	f.add(full(1))
	f.add(full(2))
	want := full(1)
	want.Name, want.Import.Status = "renamed", database.ImportIdle
	want.Modules[0].Args = ""
	want.Settings["sharding"] = json.RawMessage(`false`)
	delete(want.Settings, "tags")
	updated := f.change(1, func(db *database.Database) error {
		f.equal("what the rule is given", db, full(1))
		db.Name, db.Import.Status = "renamed", database.ImportIdle
		db.Modules[0].Args = ""
		db.Settings["sharding"] = json.RawMessage(`false`)
		delete(db.Settings, "tags")
		return nil
	})
	f.equal("Update", updated, want)
	f.equal("Get", f.get(1), want)
	f.equal("Update that changes nothing", f.change(1, keep), want)
	f.reopen()
	f.equal("List after reopening", f.list(), []*database.Database{want, full(2)})
}

func (s suite) delete(t *testing.T) {
	f := s.fresh(t)
	for uid := range 3 {
		f.add(full(uid + 1))
	}
	err := store.Delete(t.Context(), f, store.Databases, 2, func(db *database.Database) error {
		f.equal("what the rule is given", db, full(2))
		return db.Delete()
	})
	if err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if _, err := store.Get(t.Context(), f, store.Databases, 2); !errors.Is(err, database.ErrNotExist) {
		t.Errorf("Get: %v", err)
	}
	f.reopen()
	f.equal("List after reopening", f.list(), []*database.Database{full(1), full(3)})
	f.add(named(2))
	f.equal("Get after creating it again", f.get(2), named(2))
}

func (s suite) refuses(t *testing.T) {
	own := errors.New("the rule's own")
	spoilAndRefuse := func(db *database.Database) error {
		spoil(db)
		return own
	}
	rows := map[string]struct {
		call func(f *fixture) error
		want error // nil where any will do
	}{
		"get missing":    {func(f *fixture) error { _, err := store.Get(f.t.Context(), f, store.Databases, 2); return err }, database.ErrNotExist},
		"get no uid":     {func(f *fixture) error { _, err := store.Get(f.t.Context(), f, store.Databases, -1); return err }, database.ErrNotExist},
		"update missing": {func(f *fixture) error { _, err := store.Update(f.t.Context(), f, store.Databases, 2, grow); return err }, database.ErrNotExist},
		"delete missing": {func(f *fixture) error { return store.Delete(f.t.Context(), f, store.Databases, 2, keep) }, database.ErrNotExist},
		"create taken":   {func(f *fixture) error { _, err := store.Create(f.t.Context(), f, named(1)); return err }, database.ErrUIDExists},
		"update refused": {func(f *fixture) error {
			_, err := store.Update(f.t.Context(), f, store.Databases, 1, spoilAndRefuse)
			return err
		}, own},
		"delete refused": {func(f *fixture) error { return store.Delete(f.t.Context(), f, store.Databases, 1, spoilAndRefuse) }, own},
		"moved": {func(f *fixture) error {
			_, err := store.Update(f.t.Context(), f, store.Databases, 1, func(db *database.Database) error { db.UID = 2; return nil })
			return err
		}, nil},
		"setting without JSON": {func(f *fixture) error {
			_, err := store.Create(f.t.Context(), f, &database.Database{Settings: map[string]json.RawMessage{"a": json.RawMessage("{")}})
			return err
		}, nil},
		"not UTF-8": {func(f *fixture) error {
			_, err := store.Create(f.t.Context(), f, &database.Database{Name: "\xff"})
			return err
		}, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			f := s.fresh(t)
			f.add(full(1))
			err := row.call(f)
			if err == nil || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			f.equal("List", f.list(), []*database.Database{full(1)})
			f.reopen()
			f.equal("List after reopening", f.list(), []*database.Database{full(1)})
		})
	}
}

func (s suite) uidRange(t *testing.T) {
	f := s.fresh(t)
	for _, uid := range []int{-1, database.MaxUID + 1} {
		_, err := store.Create(t.Context(), f, named(uid))
		var refused *database.FieldError
		if !errors.As(err, &refused) || refused.Field != "uid" {
			t.Errorf("Create %d: %v", uid, err)
		}
	}
	f.equal("List", f.list(), []*database.Database{})
}

// answersAsStored gives records that JSON does not bring back as they were: whoever changes one must be told what the
// next process will read, not what was asked for.
func (s suite) answersAsStored(t *testing.T) {
	now := time.Now() // carries a monotonic reading and a location
	rows := map[string]*database.Database{
		"time":           {CreatedTime: now, LastChangedTime: now.In(time.FixedZone("", 5400))},
		"empty slices":   {Modules: []database.ModuleRef{}, Import: database.Import{Sources: []database.Source{}}},
		"empty settings": {Settings: map[string]json.RawMessage{}},
		"spaces":         {Settings: map[string]json.RawMessage{"a": json.RawMessage(" [ 1, null ]\n")}},
		"null":           {Settings: map[string]json.RawMessage{"a": nil}, BackupPolicy: database.BackupPolicy{Location: json.RawMessage("null")}},
	}
	for name, given := range rows {
		t.Run(name, func(t *testing.T) {
			f := s.fresh(t)
			created := f.add(given)
			f.add(named(2))
			updated := f.change(2, func(db *database.Database) error {
				*db = *given
				db.UID = 2
				return nil
			})
			f.equal("Get", f.list(), []*database.Database{created, updated})
			f.reopen()
			f.equal("List after reopening", f.list(), []*database.Database{created, updated})
		})
	}
}

// sharesNothing spoils every record that passes between caller and store, on whichever side of the call.
func (s suite) sharesNothing(t *testing.T) {
	f := s.fresh(t)
	var passed []*database.Database
	pass := func(db *database.Database) *database.Database {
		passed = append(passed, db)
		return db
	}
	take := func(db *database.Database) error { pass(db); return nil }
	refuse := func(db *database.Database) error { spoil(pass(db)); return database.ErrBusy }
	rename := func(db *database.Database) error { pass(db).Name = "renamed"; return nil }

	given := pass(full(1))
	pass(f.add(given))
	pass(f.change(1, rename))
	pass(f.change(1, take))
	pass(f.get(1))
	pass(f.list()[0])
	if _, err := store.Update(t.Context(), f, store.Databases, 1, refuse); !errors.Is(err, database.ErrBusy) {
		t.Fatalf("Update: %v", err)
	}
	if err := store.Delete(t.Context(), f, store.Databases, 1, refuse); !errors.Is(err, database.ErrBusy) {
		t.Fatalf("Delete: %v", err)
	}
	want := full(1)
	want.Name = "renamed"
	for i, db := range passed {
		spoil(db)
		f.equal("Get after spoiling record "+strconv.Itoa(i), f.get(1), want)
	}
	f.equal("Update after spoiling", f.change(1, keep), want)
	f.reopen()
	f.equal("Get after reopening", f.get(1), want)
}

// spoil writes to all of db that another record could share.
func spoil(db *database.Database) {
	db.Name = "spoiled"
	db.Modules[0].Name = "spoiled"
	db.Import.Sources[0].Location = "spoiled"
	db.BackupPolicy.Location[0] = '!'
	for name, value := range db.Settings {
		value[0] = '!'
		db.Settings[name+"!"] = append(value, "spoiled"...)
	}
}

func (s suite) closed(t *testing.T) {
	f := s.fresh(t)
	f.add(named(1))
	if err := f.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for name, call := range f.calls(t.Context()) {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.Close(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Close: %v", err)
	}
}

func (s suite) contextEnded(t *testing.T) {
	f := s.fresh(t)
	f.add(named(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range f.calls(ctx) {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.equal("List", f.list(), []*database.Database{named(1)})
}

// calls holds one of each, all of which would do for a store that holds database 1.
func (f *fixture) calls(ctx context.Context) map[string]func() error {
	return map[string]func() error{
		"Get":                      func() error { _, err := store.Get(ctx, f, store.Databases, 1); return err },
		"List":                     func() error { _, err := store.List(ctx, f, store.Databases); return err },
		"Create":                   func() error { _, err := store.Create(ctx, f, named(2)); return err },
		"Update":                   func() error { _, err := store.Update(ctx, f, store.Databases, 1, grow); return err },
		"Update, changing nothing": func() error { _, err := store.Update(ctx, f, store.Databases, 1, keep); return err },
		"Delete":                   func() error { return store.Delete(ctx, f, store.Databases, 1, keep) },
	}
}
