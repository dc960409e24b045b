package bolt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// schema1 returns a copy of a store that the last program with schema 1 wrote. It held the databases 1 to 9, and 8 and 9
// were deleted.
func schema1(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	content, err := os.ReadFile("testdata/schema1.db")
	if err := errors.Join(err, os.WriteFile(path, content, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

// records1 returns what that program listed.
func records1(t *testing.T) (all []*database.Database) {
	t.Helper()
	text, err := os.ReadFile("testdata/schema1.json")
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		db := new(database.Database)
		if err := d.Decode(db); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, db)
	}
}

func TestUpgrade(t *testing.T) {
	path, want := schema1(t), records1(t)
	for _, when := range []string{"upgraded", "opened again"} {
		s := open(t, path)
		got, err := store.List(t.Context(), s, store.Databases)
		if err != nil || len(got) != 7 || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %v\n got %+v\nwant %+v", when, err, got, want)
		}
		if view, err := s.View(t.Context()); err != nil || view.Revision() != 1 {
			t.Errorf("%s: revision %d, %v", when, view.Revision(), err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	if db, err := store.Create(t.Context(), s, named(0)); err != nil || db.UID != 10 {
		t.Errorf("Create: %+v, %v; want uid 10", db, err)
	}
	if _, err := store.Update(t.Context(), s, store.Databases, 4, func(db *database.Database) error { return db.SucceedImport("RUN") }); err != nil {
		t.Errorf("the end of an import that the old program began: %v", err)
	}
}

// A store that cannot be read is left as it is.
func TestUpgradeOfADamagedStore(t *testing.T) {
	path := schema1(t)
	raw(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("records")).Put([]byte("bdb/0000000004"), []byte("{"))
	})
	for range 2 {
		s, err := bolt.Open(path)
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, store.ErrDamaged) {
			t.Fatalf("Open: %v", err)
		}
	}
	raw(t, path, func(tx *bbolt.Tx) error {
		if schema := tx.Bucket([]byte("meta")).Get([]byte("schema")); string(schema) != "1" {
			t.Errorf("schema %s", schema)
		}
		return nil
	})
}
