// Package storetest holds what every store of databases must do. A backend's test calls Run.
package storetest

import (
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// Backend makes the stores that the suite looks at.
type Backend struct {
	// Open opens a store. A path names one of its own, which is found again when it is opened again; the suite closes
	// every store that it opens.
	Open func(t testing.TB, path string) store.Store
	// Kill returns the path of what would be left of the open store at path if its process ended now. The store goes on.
	Kill func(t testing.TB, path string) string
}

// Run holds the stores of a backend against the suite.
func Run(t *testing.T, b Backend) {
	s := suite{b}
	t.Run("Create", s.create)
	t.Run("ChoosesUIDs", s.choosesUIDs)
	t.Run("UIDRange", s.uidRange)
	t.Run("List", s.list)
	t.Run("Update", s.update)
	t.Run("Delete", s.delete)
	t.Run("Refuses", s.refuses)
	t.Run("AnswersAsStored", s.answersAsStored)
	t.Run("SharesNothing", s.sharesNothing)
	t.Run("Closed", s.closed)
	t.Run("ContextEnded", s.contextEnded)
	t.Run("Increments", s.increments)
	t.Run("Objections", s.objections)
	t.Run("CloseWaits", s.closeWaits)
	t.Run("Model", s.model)
	t.Run("Kinds", s.kinds)
	t.Run("ReadsItsOwn", s.readsItsOwn)
	t.Run("Clear", s.clear)
	t.Run("AllOrNothing", s.allOrNothing)
	t.Run("ViewStands", s.viewStands)
	t.Run("Linearizable", s.linearizable)
	t.Run("Killed", s.killed)
	t.Run("Revisions", s.revisions)
	t.Run("Watch", s.watch)
	t.Run("WatchWhile", s.watchWhile)
	t.Run("WatchSlow", s.watchSlow)
	t.Run("WatchEnds", s.watchEnds)
}

type suite struct{ Backend }

// fixture is a store under test and the way back to it.
type fixture struct {
	store.Store
	suite
	t    *testing.T
	path string
}

func (s suite) fresh(t *testing.T) *fixture {
	f := &fixture{suite: s, t: t, path: filepath.Join(t.TempDir(), "store")}
	f.Store = s.Open(t, f.path)
	t.Cleanup(func() { _ = f.Close() }) // the test may have closed it
	return f
}

func (f *fixture) reopen() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatalf("Close: %v", err)
	}
	f.Store = f.Open(f.t, f.path)
}

func (f *fixture) add(db *database.Database) *database.Database {
	f.t.Helper()
	added, err := store.Create(f.t.Context(), f, db)
	if err != nil {
		f.t.Fatalf("Create %d: %v", db.UID, err)
	}
	return added
}

func (f *fixture) change(uid int, rule func(*database.Database) error) *database.Database {
	f.t.Helper()
	db, err := store.Update(f.t.Context(), f, store.Databases, uid, rule)
	if err != nil {
		f.t.Fatalf("Update %d: %v", uid, err)
	}
	return db
}

func (f *fixture) drop(uid int) {
	f.t.Helper()
	if err := store.Delete(f.t.Context(), f, store.Databases, uid, keep); err != nil {
		f.t.Fatalf("Delete %d: %v", uid, err)
	}
}

func (f *fixture) get(uid int) *database.Database {
	f.t.Helper()
	db, err := store.Get(f.t.Context(), f, store.Databases, uid)
	if err != nil {
		f.t.Fatalf("Get %d: %v", uid, err)
	}
	return db
}

func (f *fixture) list() []*database.Database {
	f.t.Helper()
	all, err := store.List(f.t.Context(), f, store.Databases)
	if err != nil {
		f.t.Fatalf("List: %v", err)
	}
	return all
}

func (f *fixture) equal(what string, got, want any) {
	f.t.Helper()
	if !reflect.DeepEqual(got, want) {
		f.t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func named(uid int) *database.Database {
	return &database.Database{UID: uid, Name: "db" + strconv.Itoa(uid), Type: "redis", Status: database.Active}
}

func grow(db *database.Database) error {
	db.MemorySize++
	return nil
}

func keep(*database.Database) error { return nil }
