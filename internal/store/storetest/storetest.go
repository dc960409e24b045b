// Package storetest holds what every store of databases must do. A backend's test calls Run.
package storetest

import (
	"context"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

// Backend is what the suite needs of a store. package store says what each method does.
type Backend interface {
	Get(ctx context.Context, uid int) (*database.Database, error)
	List(ctx context.Context) ([]*database.Database, error)
	Create(ctx context.Context, db *database.Database) (*database.Database, error)
	Update(ctx context.Context, uid int, rule func(*database.Database) error) (*database.Database, error)
	Delete(ctx context.Context, uid int, rule func(*database.Database) error) error
	Close() error
}

// Run holds the backend that open gives against the suite. A path names a store of its own, which is found again when
// it is opened again; the suite closes every backend that it opens.
func Run(t *testing.T, open func(t *testing.T, path string) Backend) {
	s := suite{open}
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
}

type suite struct {
	open func(t *testing.T, path string) Backend
}

// fixture is a store under test and the way back to it.
type fixture struct {
	Backend
	suite
	t    *testing.T
	path string
}

func (s suite) fresh(t *testing.T) *fixture {
	f := &fixture{suite: s, t: t, path: filepath.Join(t.TempDir(), "store")}
	f.Backend = s.open(t, f.path)
	t.Cleanup(func() { _ = f.Close() }) // the test may have closed it
	return f
}

func (f *fixture) reopen() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatalf("Close: %v", err)
	}
	f.Backend = f.open(f.t, f.path)
}

func (f *fixture) add(db *database.Database) *database.Database {
	f.t.Helper()
	added, err := f.Create(f.t.Context(), db)
	if err != nil {
		f.t.Fatalf("Create %d: %v", db.UID, err)
	}
	return added
}

func (f *fixture) change(uid int, rule func(*database.Database) error) *database.Database {
	f.t.Helper()
	db, err := f.Update(f.t.Context(), uid, rule)
	if err != nil {
		f.t.Fatalf("Update %d: %v", uid, err)
	}
	return db
}

func (f *fixture) drop(uid int) {
	f.t.Helper()
	if err := f.Delete(f.t.Context(), uid, keep); err != nil {
		f.t.Fatalf("Delete %d: %v", uid, err)
	}
}

func (f *fixture) get(uid int) *database.Database {
	f.t.Helper()
	db, err := f.Get(f.t.Context(), uid)
	if err != nil {
		f.t.Fatalf("Get %d: %v", uid, err)
	}
	return db
}

func (f *fixture) list() []*database.Database {
	f.t.Helper()
	all, err := f.List(f.t.Context())
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
