package database_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/internal/database"
)

var (
	now     = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	catalog = database.Catalog{
		{UID: "a1", Name: "bf", SemanticVersion: "8.0.1", Bundled: true, Capabilities: []string{"types", database.BackupRestore}},
		{UID: "a0", Name: "bf", SemanticVersion: "2.8.7", Bundled: true, Capabilities: []string{database.BackupRestore}},
		{UID: "b1", Name: "legacy", SemanticVersion: "1.0.0", Capabilities: []string{"types"}},
	}
	run     = database.Run{ID: "run", Owner: "node"}
	sources = []database.Source{{Type: database.SourceMountPoint, Location: "/mnt/a.rdb"}}
)

func create(t interface{ Fatal(...any) }, c database.Change) *database.Database {
	return createIn(t, database.Simulated, c)
}

func createIn(t interface{ Fatal(...any) }, plane database.DataPlane, c database.Change) *database.Database {
	if c.Name == nil {
		c.Name, c.MemorySize = new("sessions"), new(int64(1<<30))
	}
	db, err := database.New(1, "", plane, c, catalog, now)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func clone(db *database.Database) *database.Database {
	data, err := json.Marshal(db)
	if err != nil {
		panic(err)
	}
	c := new(database.Database)
	if err := json.Unmarshal(data, c); err != nil {
		panic(err)
	}
	return c
}

// TestActions drives random sequences of actions and holds after each: the record is one that Check accepts, a refused
// action has changed nothing, and what succeeded has had its effect.
func TestActions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plane := rapid.SampledFrom([]database.DataPlane{database.Simulated, database.Local}).Draw(t, "data plane")
		db := createIn(t, plane, database.Change{})
		act := func(t *rapid.T, action func() error) error {
			before := clone(db)
			err := action()
			if after := clone(db); err != nil && !reflect.DeepEqual(before, after) {
				t.Fatalf("refused with %v, and yet\n%+v\nbecame\n%+v", err, before, after)
			}
			return err
		}
		run := rapid.SampledFrom([]string{"", "run-1", "run-2"})
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if err := db.Check(); err != nil && db.Status != database.DeletePending {
					t.Fatalf("%v\n%+v", err, db)
				}
			},
			"start": func(t *rapid.T) {
				ready := !busy(db) && supported(db)
				err := act(t, func() error { return db.StartImport(catalog, sources, database.Run{ID: "run-1", Owner: "node"}) })
				if (err == nil) != ready || ready && (db.Import.Status != database.ImportInitializing || db.Status != database.ImportPending || db.Import.Progress != 0) {
					t.Fatalf("%v: %+v", err, db)
				}
			},
			"load": func(t *rapid.T) {
				r := run.Draw(t, "run")
				owned := db.Import.Status == database.ImportInitializing && r == db.Import.Run.ID && r != ""
				if err := act(t, func() error { return db.BeginLoading(r) }); (err == nil) != owned {
					t.Fatalf("%v: %+v", err, db)
				}
			},
			"progress": func(t *rapid.T) {
				r, before := run.Draw(t, "run"), db.Import
				load := database.Load{Keys: rapid.Int64Range(0, 9).Draw(t, "keys"), TotalKeys: 9, KeysPerSecond: 2, SecondsLeft: 3}
				err := act(t, func() error { return db.ReportProgress(r, rapid.Float64Range(-10, 200).Draw(t, "percent"), load) })
				if err == nil && (db.Import.Progress < before.Progress || db.Import.Progress >= 100 || db.Import.Load.Keys < max(load.Keys, before.Load.Keys)) {
					t.Fatalf("from %+v to %+v", before, db.Import)
				}
			},
			"succeed": func(t *rapid.T) {
				r := run.Draw(t, "run")
				if act(t, func() error { return db.SucceedImport(r) }) == nil && (db.Import.Progress != 100 || db.Import.Load.SecondsLeft != 0 || db.Status != database.Active || db.Incomplete) {
					t.Fatalf("%+v", db)
				}
			},
			"fail": func(t *rapid.T) {
				r, want := run.Draw(t, "run"), database.Active
				if db.Incomplete {
					want = database.Recovery
				}
				if act(t, func() error { return db.FailImport(r, database.FileCorrupted) }) == nil && (db.Import.FailureReason != database.FileCorrupted || db.Status != want) {
					t.Fatalf("%+v", db)
				}
			},
			"reset": func(t *rapid.T) {
				ready := !busy(db) && supported(db)
				err := act(t, func() error { return db.ResetImportStatus(catalog) })
				if (err == nil) != ready {
					t.Fatalf("%v: %+v", err, db)
				}
				if ready && (db.Import.Status != database.ImportIdle || db.Import.Load != database.Load{} || db.Import.FailureReason != "" || db.Import.Progress != 0) {
					t.Fatalf("%+v", db)
				}
			},
			"update": func(t *rapid.T) {
				module := rapid.SampledFrom([]string{"bf", "legacy", "unknown"}).Draw(t, "module")
				c := database.Change{
					Modules:              &[]database.ModuleRef{{Name: module}},
					Backup:               new(rapid.Bool().Draw(t, "backup")),
					BackupInterval:       new(rapid.IntRange(0, 2).Draw(t, "interval")),
					BackupIntervalOffset: new(rapid.IntRange(0, 2).Draw(t, "offset")),
					Settings:             map[string]json.RawMessage{"maxclients": json.RawMessage("7")},
				}
				want := database.Active
				if plane != database.Simulated {
					want = database.ActiveChangePending
				}
				if act(t, func() error { return db.Update(c, catalog, now) }) == nil && db.Status != want {
					t.Fatalf("%+v", db)
				}
			},
			"erase": func(t *rapid.T) {
				r := run.Draw(t, "run")
				loading := db.Import.Status == database.ImportImporting && r == db.Import.Run.ID && r != ""
				if err := act(t, func() error { return db.Erased(r) }); (err == nil) != loading || loading && db.Incomplete {
					t.Fatalf("%v: %+v", err, db)
				}
			},
			"ready": func(t *rapid.T) {
				e, before := database.Endpoint{Host: "127.0.0.1", Port: rapid.IntRange(1, 3).Draw(t, "port")}, *db
				if act(t, func() error { return db.Ready(e) }) != nil {
					return
				}
				if loading := before.Status == database.ImportPending; db.Endpoint != e || loading != (db.Status != database.Active) || !loading && db.Incomplete {
					t.Fatalf("from\n%+v\nto\n%+v", before, db)
				}
			},
			"lost": func(t *rapid.T) {
				active := db.Status == database.Active || db.Status == database.ActiveChangePending
				if err := act(t, db.Lost); (err == nil) != active || active && db.Status != database.Recovery {
					t.Fatalf("%v: %+v", err, db)
				}
			},
			"backup": func(t *rapid.T) {
				db.Backup.Status = rapid.SampledFrom([]database.OperationStatus{database.OperationExporting, database.OperationIdle}).Draw(t, "status")
			},
			"delete": func(t *rapid.T) {
				c := clone(db)
				refused := busy(db) && (plane == database.Simulated || db.Status != database.Recovery)
				if err := c.Delete(); (err == nil) == refused {
					t.Fatalf("%v: %+v", err, db)
				}
			},
		})
	})
}

// busy and supported say again, in other words than the rules, when an import may start.
func busy(db *database.Database) bool {
	return db.Status != "active" || db.Import.Status == "initializing" || db.Import.Status == "importing" || db.Export.Status == "exporting" || db.Backup.Status == "exporting"
}

func supported(db *database.Database) bool {
	for _, m := range db.Modules {
		if m.Name != "bf" {
			return false
		}
	}
	return true
}

func TestResetRefusals(t *testing.T) {
	legacy := database.Change{Name: new("x"), MemorySize: new(int64(0)), Modules: &[]database.ModuleRef{{Name: "bf"}, {UID: "b1"}}}
	for name, c := range map[string]struct {
		change database.Change
		state  func(*database.Database)
		want   error
	}{
		"no modules at all":      {database.Change{Name: new("x"), Modules: &[]database.ModuleRef{}}, func(*database.Database) {}, nil},
		"bundled modules":        {database.Change{}, func(*database.Database) {}, nil},
		"one module lacks it":    {legacy, func(*database.Database) {}, database.ErrUnsupportedModule},
		"module before busy":     {legacy, func(db *database.Database) { db.Backup.Status = "exporting" }, database.ErrUnsupportedModule},
		"module left catalog":    {database.Change{}, func(db *database.Database) { db.Modules[0].UID = "gone" }, database.ErrUnsupportedModule},
		"backup running":         {database.Change{}, func(db *database.Database) { db.Backup.Status = "exporting" }, database.ErrBusy},
		"export running":         {database.Change{}, func(db *database.Database) { db.Export.Status = "exporting" }, database.ErrBusy},
		"change pending":         {database.Change{}, func(db *database.Database) { db.Status = database.ActiveChangePending }, database.ErrBusy},
		"recovery":               {database.Change{}, func(db *database.Database) { db.Status = database.Recovery }, database.ErrBusy},
		"importing, nobody's":    {database.Change{}, func(db *database.Database) { db.Status, db.Import.Status = "import-pending", "importing" }, database.ErrBusy},
		"failed export is over":  {database.Change{}, func(db *database.Database) { db.Export.Status = "failed" }, nil},
		"import that failed":     {database.Change{}, func(db *database.Database) { db.Import.Status, db.Import.FailureReason = "failed", "file-corrupted" }, nil},
		"import that succeeded":  {database.Change{}, func(db *database.Database) { db.Import.Status, db.Import.Progress = "succeeded", 100 }, nil},
		"status initializing":    {database.Change{}, func(db *database.Database) { db.Status, db.Import.Status = "import-pending", "initializing" }, database.ErrBusy},
		"creation failed":        {database.Change{}, func(db *database.Database) { db.Status = database.CreationFailed }, database.ErrBusy},
		"deletion under way":     {database.Change{}, func(db *database.Database) { db.Status = database.DeletePending }, database.ErrBusy},
		"creation not yet ready": {database.Change{}, func(db *database.Database) { db.Status = database.Pending }, database.ErrBusy},
	} {
		t.Run(name, func(t *testing.T) {
			db := create(t, c.change)
			c.state(db)
			if err := db.ResetImportStatus(catalog); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if idle := db.Import.Status == database.ImportIdle; idle != (c.want == nil) {
				t.Fatalf("import status is %q", db.Import.Status)
			}
			db = create(t, c.change)
			c.state(db)
			if err := db.StartImport(catalog, sources, run); !errors.Is(err, c.want) {
				t.Fatalf("import: got %v, want %v", err, c.want)
			}
		})
	}
}

func TestStoredSources(t *testing.T) {
	db := create(t, database.Change{})
	if err := db.StartImport(catalog, nil, run); !errors.Is(err, database.ErrMissingSources) || db.Status != database.Active {
		t.Fatalf("%v: %+v", err, db)
	}
	if err := db.Update(database.Change{Sources: &sources}, catalog, now); err != nil {
		t.Fatal(err)
	}
	if err := db.StartImport(catalog, nil, run); err != nil || !reflect.DeepEqual(db.Import.Sources, sources) {
		t.Fatalf("%v: %+v", err, db)
	}
	if err := errors.Join(db.FailImport("run", database.GeneralError), db.ResetImportStatus(catalog)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(db.Import.Sources, sources) {
		t.Fatalf("a reset has dropped the sources: %+v", db.Import)
	}
}

func TestNewModules(t *testing.T) {
	db := create(t, database.Change{})
	if len(db.Modules) != 1 || db.Modules[0].SemanticVersion != "8.0.1" {
		t.Fatalf("expected the newest bundled module alone, got %+v", db.Modules)
	}
	c := database.Change{Name: new("x"), Modules: &[]database.ModuleRef{{Name: "bf", SemanticVersion: "2.8.7", Args: "A 1"}}}
	if db = create(t, c); db.Modules[0].UID != "a0" || db.Modules[0].Args != "A 1" {
		t.Fatalf("%+v", db.Modules)
	}
	for _, ref := range []database.ModuleRef{{}, {Name: "nope"}, {Name: "bf", SemanticVersion: "9.9.9"}, {UID: "a1", Name: "legacy"}} {
		c.Modules = &[]database.ModuleRef{ref}
		if _, err := database.New(1, "", database.Simulated, c, catalog, now); !errors.Is(err, database.ErrMissingModule) {
			t.Errorf("%+v: %v", ref, err)
		}
	}
	if db, err := database.New(1, "memcached", database.Simulated, database.Change{Name: new("x")}, catalog, now); err != nil || len(db.Modules) != 0 {
		t.Errorf("%v: %+v", err, db)
	}
}

// TestUpdateSharesNothing keeps a dry run, which works on a copy of a record, from reaching the record.
func TestUpdateSharesNothing(t *testing.T) {
	db := create(t, database.Change{Name: new("x"), Settings: map[string]json.RawMessage{"conns": json.RawMessage("5")}})
	before, dry := clone(db), *db
	if err := dry.Update(database.Change{Settings: map[string]json.RawMessage{"conns": json.RawMessage("6")}}, catalog, now); err != nil {
		t.Fatal(err)
	}
	if string(dry.Settings["conns"]) != "6" || !reflect.DeepEqual(before, clone(db)) {
		t.Fatalf("%s, %s", dry.Settings["conns"], db.Settings["conns"])
	}
}

// TestDataPlane: what its data plane reports of a database, by the status that it has.
func TestDataPlane(t *testing.T) {
	creationFails := func(db *database.Database) error { return db.CreationFails() }
	ready := func(db *database.Database) error { return db.Ready(database.Endpoint{Host: "127.0.0.1", Port: 7}) }
	for _, c := range []struct {
		plane    database.DataPlane
		from     database.Status
		report   func(*database.Database) error
		to       database.Status // empty if it is refused
		deleting bool            // can be deleted after that
	}{
		{database.Local, database.Pending, ready, database.Active, true},
		{database.Local, database.Pending, creationFails, database.CreationFailed, true},
		{database.Local, database.Pending, (*database.Database).Lost, "", false},
		{database.Local, database.Active, creationFails, "", true},
		{database.Attached, database.Active, (*database.Database).Lost, database.Recovery, true},
		{database.Local, database.CreationFailed, ready, "", true},
		{database.Local, database.DeletePending, ready, "", false},
		{database.Simulated, database.CreationFailed, creationFails, "", false},
		{database.Simulated, database.Recovery, creationFails, "", false},
	} {
		db := createIn(t, c.plane, database.Change{})
		db.Status = c.from
		err := c.report(db)
		if refused := c.to == ""; refused != errors.Is(err, database.ErrBusy) || refused != (db.Status == c.from) || !refused && db.Status != c.to {
			t.Errorf("%+v: %v, now %s", c, err, db.Status)
		}
		if err := db.Delete(); (err == nil) != c.deleting {
			t.Errorf("%+v: delete: %v", c, err)
		}
	}
}

// TestCheckDataPlane: a record says the same of its data plane in all its fields.
func TestCheckDataPlane(t *testing.T) {
	redis := database.Attachment{Network: "tcp", Addr: "127.0.0.1:6379"}
	for _, c := range []struct {
		field string // of the refusal, empty if there is none
		db    database.Database
	}{
		{"", database.Database{DataPlane: database.Local, Status: database.Pending}},
		{"", database.Database{DataPlane: database.Attached, Status: database.Recovery, Redis: redis, Incomplete: true}},
		{"data_plane", database.Database{DataPlane: "remote", Status: database.Active}},
		{"redis", database.Database{DataPlane: database.Attached, Status: database.Active}},
		{"redis", database.Database{DataPlane: database.Local, Status: database.Active, Redis: redis}},
		{"type", database.Database{DataPlane: database.Local, Status: database.Active, Type: "memcached"}},
		{"status", database.Database{DataPlane: database.Local, Status: database.Active, Incomplete: true}},
		{"status", database.Database{Status: database.Recovery, Incomplete: true}},
	} {
		c.db.UID, c.db.Name = 1, "sessions"
		if c.db.Type == "" {
			c.db.Type = "redis"
		}
		err := c.db.Check()
		if got, _ := errors.AsType[*database.FieldError](err); (err != nil || c.field != "") && (got == nil || got.Field != c.field) {
			t.Errorf("%+v: %v, expected a refusal of %q", c.db, err, c.field)
		}
	}
}

// TestCheckLoad: keys are told of an import that loads or has loaded.
func TestCheckLoad(t *testing.T) {
	whole := database.Load{Keys: 5, TotalKeys: 5, KeysPerSecond: 1}
	for _, c := range []struct {
		field  string // of the refusal, empty if there is none
		status database.ImportStatus
		load   database.Load
	}{
		{"", database.ImportImporting, database.Load{Keys: 4, TotalKeys: 5, KeysPerSecond: 1, SecondsLeft: 1}},
		{"", database.ImportSucceeded, whole},
		{"", database.ImportFailed, whole},
		{"import_total_keys", database.ImportIdle, whole},
		{"import_total_keys", database.ImportInitializing, whole},
		{"import_keys", database.ImportImporting, database.Load{Keys: 6, TotalKeys: 5}},
		{"import_keys", database.ImportImporting, database.Load{Keys: -1}},
		{"import_keys", database.ImportImporting, database.Load{SecondsLeft: -1}},
		{"import_seconds_left", database.ImportFailed, database.Load{Keys: 4, TotalKeys: 5, SecondsLeft: 1}},
	} {
		db := create(t, database.Change{})
		db.Import = database.Import{Status: c.status, Load: c.load}
		switch {
		case db.Import.Running():
			db.Status = database.ImportPending
		case c.status == database.ImportSucceeded:
			db.Import.Progress = 100
		case c.status == database.ImportFailed:
			db.Import.FailureReason = database.GeneralError
		}
		err := db.Check()
		if got, _ := errors.AsType[*database.FieldError](err); (err != nil || c.field != "") && (got == nil || got.Field != c.field) {
			t.Errorf("%s, %+v: %v, expected a refusal of %q", c.status, c.load, err, c.field)
		}
	}
}
