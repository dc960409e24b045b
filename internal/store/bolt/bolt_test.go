package bolt_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
	"github.com/reimport/reimport/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Backend{
		Open: func(t testing.TB, path string) store.Store { return open(t, path) },
		Kill: func(t testing.TB, path string) string {
			left := filepath.Join(t.TempDir(), "store")
			content, err := os.ReadFile(path)
			if err := errors.Join(err, os.WriteFile(left, content, 0o600)); err != nil {
				t.Fatal(err)
			}
			return left
		},
	})
}

// open gives a store whose file is checked when the test is over and has closed it.
func open(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	s.RetryAfter(time.Hour) // the test makes every write
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("Close: %v", err)
		}
		check(t, path)
	})
	return s
}

func fresh(t *testing.T) *bolt.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "store"))
}

// check holds the file, if there is one, against bbolt's own rules.
func check(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return
	}
	raw(t, path, func(tx *bbolt.Tx) error {
		var all []error
		for err := range tx.Check() {
			all = append(all, err)
		}
		return errors.Join(all...)
	})
}

// raw changes the file behind the store's back.
func raw(t testing.TB, path string, do func(tx *bbolt.Tx) error) {
	t.Helper()
	file, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	if err := errors.Join(file.Update(do), file.Close()); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

func named(uid int) *database.Database {
	return &database.Database{UID: uid, Name: "db", Type: "redis", Status: database.Active}
}

func add(t testing.TB, s *bolt.Store, db *database.Database) {
	t.Helper()
	if _, err := store.Create(t.Context(), s, db); err != nil {
		t.Fatalf("Create %d: %v", db.UID, err)
	}
}

func grow(db *database.Database) error {
	db.MemorySize++
	return nil
}

func TestOpenRefuses(t *testing.T) {
	rows := map[string]struct {
		prepare func(t *testing.T, path string)
		want    string // in the error, beside the path
	}{
		"no directory":     {func(t *testing.T, path string) { remove(t, filepath.Dir(path)) }, "no such file or directory"},
		"locked":           {func(t *testing.T, path string) { open(t, path) }, "store is in use by another process"},
		"other file":       {func(t *testing.T, path string) { write(t, path, strings.Repeat("no store", 4096)) }, "page 0: not a meta page"},
		"other bbolt":      {change("", "", ""), "not a store of databases"},
		"newer schema":     {newer, "has schema 4; this program knows 1 to 3"},
		"schema 0":         {change("meta", "schema", "0"), `schema "0" in the place of 3`},
		"no schema":        {change("meta", "schema", ""), `schema "" in the place of 3`},
		"older schema":     {change("meta", "schema", "2"), `schema "2" in the place of 3`},
		"no digest":        {change("meta", "digest", ""), "the digest of its records: its checksum is wrong"},
		"lost record":      {lost, "its records are not those that were written: there are 1 of 2"},
		"short record":     {change("records", "bdb/0000000007", "{}"), "store is damaged: record bdb/0000000007: its checksum is wrong"},
		"altered record":   {change("records", "bdb/0000000007", sealedAs("bdb/0000000007", `{"UID":7}`)+" "), "its checksum is wrong"},
		"moved record":     {change("records", "bdb/0000000007", sealedAs("bdb/0000000008", `{"UID":7}`)), "its checksum is wrong"},
		"broken record":    {change("records", "bdb/0000000007", sealedAs("bdb/0000000007", "{")), "record bdb/0000000007: unexpected end of JSON input"},
		"misplaced record": {change("records", "bdb/0000000007", sealedAs("bdb/0000000007", `{"UID":8}`)), "record bdb/0000000007: holds the bdb 0000000008"},
		"unknown kind":     {change("records", "bdc/0000000007", sealedAs("bdc/0000000007", `{"UID":7}`)), `no kind of records is called "bdc"`},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dir", "store")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			row.prepare(t, path)
			s, err := bolt.Open(path)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v; want %q and %s", err, row.want, path)
			}
			if errors.Is(err, store.ErrLocked) != (name == "locked") {
				t.Errorf("%v is ErrLocked, or should be", err)
			}
			others := []string{"no directory", "locked", "newer schema"}
			if errors.Is(err, store.ErrDamaged) == slices.Contains(others, name) {
				t.Errorf("%v is ErrDamaged, or should be", err)
			}
		})
	}
}

func sealedAs(at, record string) string { return string(bolt.Sealed([]byte(at), []byte(record))) }

// change gives a store one entry that this program would not have written; without a bucket, one in the place of all.
func change(bucket, key, value string) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		if bucket == "" {
			raw(t, path, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("other")); return err })
			return
		}
		if err := open(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		raw(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucket)).Put([]byte(key), []byte(value)) })
	}
}

// newer makes a store that a newer program might have written.
func newer(t *testing.T, path string) {
	change("meta", "schema", "4")(t, path)
	raw(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("digest"), []byte(sealedAs("digest", `{"Schema":4,"Records":0}`)))
	})
}

// lost makes a store that lacks a record.
func lost(t *testing.T, path string) {
	s := open(t, path)
	add(t, s, named(7))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("records")).Delete([]byte("bdb/0000000007")) })
}

func remove(t *testing.T, path string) {
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFileIsForItsUserAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.FileMode(0o600) {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestKeysSortAsUIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	for _, uid := range []int{database.MaxUID, 10, 9, 1} {
		add(t, s, named(uid))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"bdb/0000000001", "bdb/0000000009", "bdb/0000000010", "bdb/2147483647", "counter/bdb"}
	raw(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("records")).ForEach(func(k, _ []byte) error {
			if string(k) != want[0] {
				t.Errorf("key %s, want %s", k, want[0])
			}
			want = want[1:]
			return nil
		})
	})
	if len(want) > 0 {
		t.Errorf("missing %v", want)
	}
}
