package bolt_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// A change that cannot be written takes those with it that rest upon it: one in the same batch that changed nothing
// beyond it, and one that came while it was on its way to disk. The change after them finds none of them.
func TestFailedWrite(t *testing.T) {
	s := fresh(t)
	add(t, s, named(1))
	settle := make([]func() error, 3)
	stage := func(i int, rule func(*database.Database) error) (err error) {
		settle[i], err = s.Stage(t.Context(), updating(rule))
		return err
	}
	err := errors.Join(
		stage(0, grow),
		stage(1, func(db *database.Database) error { db.MemorySize = 1; return nil }),
		s.LoseFile(),
	)
	if err != nil {
		t.Fatal(err)
	}
	err = s.CommitWhile(func() error { return stage(2, grow) })
	for i := range settle {
		if other := settle[i](); err == nil || !errors.Is(other, err) {
			t.Errorf("change %d: %v, want %v", i, other, err)
		}
	}
	if !errors.Is(s.Err(), err) {
		t.Errorf("Err: %v, want %v", s.Err(), err)
	}
	if db, err := store.Get(t.Context(), s, store.Databases, 1); err != nil || db.MemorySize != 0 {
		t.Errorf("Get: %+v, %v", db, err)
	}
	if db, err := store.Update(t.Context(), s, store.Databases, 1, grow); err != nil || db.MemorySize != 1 || s.Err() != nil {
		t.Errorf("Update: %+v, %v; Err: %v", db, err, s.Err())
	}
}

// sizes holds the memory sizes of all databases against what they should be.
func sizes(t *testing.T, s *bolt.Store, want ...int64) {
	t.Helper()
	all, err := store.List(t.Context(), s, store.Databases)
	if err != nil || len(all) != len(want) {
		t.Fatalf("List: %d databases, %v; want %d", len(all), err, len(want))
	}
	for i, db := range all {
		if db.MemorySize != want[i] {
			t.Errorf("database %d is at %d, want %d", db.UID, db.MemorySize, want[i])
		}
	}
}

// TestGoesOnFromTheFile lets the file go other ways than memory after a write that failed: the next change finds what
// is there, is made to that, or fails until something is.
func TestGoesOnFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	add(t, s, named(1))
	update := func(want error, size int64) {
		t.Helper()
		db, err := store.Update(t.Context(), s, store.Databases, 1, grow)
		if want != nil && errors.Is(err, want) && errors.Is(s.Err(), want) && strings.Contains(err.Error(), path) {
			db, err = store.Get(t.Context(), s, store.Databases, 1)
		} else if want != nil {
			t.Fatalf("Update: %v; Err: %v; want %v", err, s.Err(), want)
		}
		if err != nil || db.MemorySize != size || want == nil && s.Err() != nil {
			t.Fatalf("%+v, %v; want size %d; Err: %v", db, err, size, s.Err())
		}
	}
	before, err := s.View(t.Context())
	if err := errors.Join(err, s.LoseFile()); err != nil {
		t.Fatal(err)
	}
	update(berrors.ErrDatabaseNotOpen, 0)
	other, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := store.Update(t.Context(), other, store.Databases, 1, grow); err != nil {
		t.Fatal(err)
	}
	add(t, other, named(2))
	update(store.ErrLocked, 0)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	update(fs.ErrNotExist, 0)
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	first := func(db *database.Database) error {
		if db.MemorySize > 0 {
			return database.ErrBusy
		}
		return grow(db)
	}
	if _, err := store.Update(t.Context(), s, store.Databases, 1, first); !errors.Is(err, database.ErrBusy) {
		t.Errorf("a change that another process was first to make: %v", err)
	}
	sizes(t, s, 1, 0)
	for _, err := range s.Watch(t.Context(), before.Revision()) {
		if !errors.Is(err, store.ErrCompacted) {
			t.Errorf("a watch from before another process made changes: %v", err)
		}
		break
	}
	update(nil, 2)
	if _, err := store.Get(t.Context(), s, store.Databases, 2); err != nil {
		t.Errorf("Get: %v", err)
	}
	if _, err := bolt.Open(path); !errors.Is(err, store.ErrLocked) {
		t.Errorf("the store has not locked its file again: %v", err)
	}
}
