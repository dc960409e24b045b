package bolt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// old returns a copy of a store that the last program with this schema wrote. In both, the newest databases were deleted.
func old(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	content, err := os.ReadFile("testdata/" + name + ".db")
	if err := errors.Join(err, os.WriteFile(path, content, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

// A run was its id alone before schema 3.
var oldRun = regexp.MustCompile(`"Run":("[A-Z]+")`)

// listed returns what that program listed.
func listed(t *testing.T, name string) (all []*database.Database) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	text = oldRun.ReplaceAll(text, []byte(`"Run":{"ID":$1}`))
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
	for name, c := range map[string]struct {
		databases, next int
		revision        store.Revision
		loading         int // the uid of a database with an import under way
		run             string
	}{
		"schema1": {7, 10, 1, 4, "RUN"},
		"schema2": {6, 8, 22, 3, "LOADING"},
	} {
		t.Run(name, func(t *testing.T) {
			path, want := old(t, name), listed(t, name)
			for _, when := range []string{"upgraded", "opened again"} {
				s := open(t, path)
				got, err := store.List(t.Context(), s, store.Databases)
				if err != nil || len(got) != c.databases || !reflect.DeepEqual(got, want) {
					t.Fatalf("%s: %v\n got %+v\nwant %+v", when, err, got, want)
				}
				if view, err := s.View(t.Context()); err != nil || view.Revision() != c.revision {
					t.Errorf("%s: revision %d, %v", when, view.Revision(), err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, path)
			if db, err := store.Create(t.Context(), s, named(0)); err != nil || db.UID != c.next {
				t.Errorf("Create: %+v, %v; want uid %d", db, err, c.next)
			}
			if _, err := store.Update(t.Context(), s, store.Databases, c.loading, func(db *database.Database) error { return db.SucceedImport(c.run) }); err != nil {
				t.Errorf("the end of an import that the old program began: %v", err)
			}
		})
	}
}

// What reads an old store and leaves it as it is finds what a store finds that has brought it up to date.
func TestInspectOldStore(t *testing.T) {
	for _, name := range []string{"schema1", "schema2"} {
		t.Run(name, func(t *testing.T) {
			path := old(t, name)
			report, err := bolt.Inspect(path)
			if err != nil || report.Err() != nil {
				t.Fatal(err, report)
			}
			got := report.Records.View()
			want, err := open(t, path).View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.Revision() != want.Revision() || store.HighestUID(got) != store.HighestUID(want) ||
				!reflect.DeepEqual(store.Databases.List(got), store.Databases.List(want)) {
				t.Errorf("revision %d, highest uid %d; want %d, %d", got.Revision(), store.HighestUID(got), want.Revision(), store.HighestUID(want))
			}
		})
	}
}

// A store that cannot be read is left as it is.
func TestUpgradeOfADamagedStore(t *testing.T) {
	path := old(t, "schema1")
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
