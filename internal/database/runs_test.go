package database_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

func TestRenewRun(t *testing.T) {
	db := create(t, database.Change{})
	if err := db.RenewRun("run", now); !errors.Is(err, database.ErrStaleRun) {
		t.Errorf("before the import: %v", err)
	}
	if err := errors.Join(db.StartImport(catalog, sources, run), db.RenewRun("run", now)); err != nil || !db.Import.Run.Lease.Equal(now) {
		t.Errorf("%v: %+v", err, db.Import.Run)
	}
	if err := db.RenewRun("another", now.Add(1)); !errors.Is(err, database.ErrStaleRun) || !db.Import.Run.Lease.Equal(now) {
		t.Errorf("by another run: %v, %+v", err, db.Import.Run)
	}
}

func TestEndAbandoned(t *testing.T) {
	started := func(db *database.Database) error { return db.StartImport(catalog, sources, run) }
	for name, c := range map[string]struct {
		state func(*database.Database) error
		ended bool
	}{
		"waiting": {started, true},
		"loading": {func(db *database.Database) error {
			return errors.Join(started(db), db.BeginLoading("run"), db.ReportProgress("run", 40, database.Load{}))
		}, true},
		"over": {func(db *database.Database) error {
			return errors.Join(started(db), db.FailImport("run", database.KeyTooLong))
		}, false},
		"no import": {func(*database.Database) error { return nil }, false},
		"without a run": {func(db *database.Database) error {
			db.Status, db.Import = database.ImportPending, database.Import{Status: database.ImportImporting, Progress: 50}
			return nil
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			db := create(t, database.Change{})
			if err := c.state(db); err != nil {
				t.Fatal(err)
			}
			before := db.Clone()
			if ended, err := db.EndAbandoned(func(database.Run) bool { return false }); err != nil || ended != nil || !db.Equal(before) {
				t.Errorf("an owner that lives: %v, %+v", err, ended)
			}
			ended, err := db.EndAbandoned(func(r database.Run) bool { return r == run })
			want := []database.EndedRun{{Operation: "import", ID: "run", Reason: "general-error"}}
			if !c.ended {
				if err != nil || ended != nil || !db.Equal(before) {
					t.Errorf("%v, %+v: %+v", err, ended, db)
				}
			} else if err != nil || !reflect.DeepEqual(ended, want) || db.Import.Status != database.ImportFailed ||
				db.Import.FailureReason != database.GeneralError || db.Import.Progress != before.Import.Progress || db.Status != database.Active {
				t.Errorf("%v, %+v: %+v", err, ended, db)
			}
		})
	}
}
