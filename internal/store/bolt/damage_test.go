package bolt_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

const pageSize = 4096

// holdings is all that a store holds.
type holdings struct {
	Revision  store.Revision
	Databases []*database.Database
	Users     []*access.User
	Modules   []*database.Module
}

func held(t *testing.T, s store.Store) holdings {
	t.Helper()
	tx, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return holdings{tx.Revision(), store.Databases.List(tx), store.Users.List(tx), store.Modules.List(tx)}
}

// sample makes a store that has branches, pages that carry on, and free pages. It returns its file as it was a few
// commits before, and at the end.
func sample(t *testing.T, path string) (older, file []byte) {
	t.Helper()
	s := open(t, path)
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		for uid := range 12 {
			if _, err := store.Insert(tx, named(uid+1)); err != nil {
				return err
			}
		}
		_, err := store.Insert(tx, large())
		return errors.Join(err,
			store.Users.Put(tx, &access.User{Email: "admin@example.com", PasswordHash: "secretsecretsecret", Role: access.Admin}),
			store.Modules.Put(tx, &database.Module{UID: "1", Name: "search", Capabilities: []string{database.BackupRestore}}))
	})
	if err != nil {
		t.Fatal(err)
	}
	for uid := range 4 {
		if uid == 3 {
			older = content(t, path)
		}
		if _, err := store.Update(t.Context(), s, store.Databases, 3*uid+1, grow); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Delete(t.Context(), s, store.Databases, 5, func(*database.Database) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return older, content(t, path)
}

// large is a database that takes several pages.
func large() *database.Database {
	db := named(100)
	db.Settings = map[string]json.RawMessage{"a": json.RawMessage(`"` + strings.Repeat("a", 4500) + `"`)}
	return db
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// damages yields a file in many kinds of damage. older is the same file some commits before.
func damages(older, file []byte) func(yield func(name string, damaged []byte) bool) {
	pages := int(max(binary.NativeEndian.Uint64(file[56:]), binary.NativeEndian.Uint64(file[pageSize+56:]))) // in use
	page := func(f []byte, i int) []byte { return f[i*pageSize : (i+1)*pageSize] }
	random := rand.New(rand.NewPCG(1, 2))
	flip := func(f []byte) { f[random.IntN(len(f))] ^= 1 << random.IntN(8) }
	return func(yield func(string, []byte) bool) {
		with := func(name string, change func(f []byte) []byte) { yield(name, change(bytes.Clone(file))) }
		for i := range pages {
			for _, at := range []int{-1, 0, 15, 16, 80, pageSize / 2} {
				if size := i*pageSize + at; size >= 0 {
					with(fmt.Sprintf("cut off at %d", size), func(f []byte) []byte { return f[:size] })
				}
			}
			in := func(name string, change func(page []byte)) {
				with(fmt.Sprintf("page %d %s", i, name), func(f []byte) []byte { change(page(f, i)); return f })
			}
			in("zero", func(page []byte) { clear(page) })
			in("random", func(page []byte) {
				for at := range page {
					page[at] = byte(random.Uint32())
				}
			})
			// An older meta page is what a crash leaves before the last commit has got as far.
			if i > 1 && i < len(older)/pageSize {
				in("older", func(now []byte) { copy(now, page(older, i)) })
			}
			other := random.IntN(pages)
			in(fmt.Sprintf("as page %d", other), func(now []byte) { copy(now, page(file, other)) })
			in(fmt.Sprintf("as page %d but for its id", other), func(now []byte) { copy(now[8:], page(file, other)[8:]) })
			with(fmt.Sprintf("page %d swapped with %d", i, other), func(f []byte) []byte {
				copy(page(f, i), page(file, other))
				copy(page(f, other), page(file, i))
				return f
			})
			for range 2 {
				in("with a bit of its header other", func(page []byte) { flip(page[:16]) })
				in("with a bit of its first elements other", func(page []byte) { flip(page[16:96]) })
				in("with a bit other", flip)
			}
		}
		for _, more := range []string{"x", strings.Repeat("\x00", pageSize), strings.Repeat("more", 5000)} {
			with("longer", func(f []byte) []byte { return append(f, more...) })
		}
		for _, text := range []string{"", "x", strings.Repeat("no store", 4096), strings.Repeat("\x00", 1<<15)} {
			yield("other file", []byte(text))
		}
	}
}

var printed = regexp.MustCompile(`^[ -~]+$`)

// TestDamage damages a store's file in many ways. It opens with the records that it had, or it does not and stays as it
// is; what is written to one that opens is there the next time.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	older, file := sample(t, path)
	s := open(t, path)
	want := held(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var opened, refused int
	damages(older, file)(func(name string, damaged []byte) bool {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := bolt.Open(path)
		if err == nil {
			opened++
			if got := held(t, s); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: opened with other records", name)
			}
			if opened%8 == 1 {
				staysWritable(t, s, path, name)
			} else if err := s.Close(); err != nil {
				t.Errorf("%s: Close: %v", name, err)
			}
			return true
		}
		refused++
		if !errors.Is(err, store.ErrDamaged) || !strings.HasPrefix(err.Error(), path) || !printed.MatchString(err.Error()) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
		salvages(t, path, name, want)
		if !bytes.Equal(content(t, path), damaged) {
			t.Errorf("%s: the file has changed", name)
		}
		return true
	})
	write(t, path, string(file)) // for the checks at the end
	t.Logf("%d opened, %d refused", opened, refused)
	if opened == 0 || refused < 150 {
		t.Error("too few of one")
	}
}

// salvages reads what is left in a damaged file: no record that never was there, and all of them if it says so.
func salvages(t *testing.T, path, name string, want holdings) {
	t.Helper()
	found, err := bolt.Inspect(path)
	if err != nil {
		t.Errorf("%s: Inspect: %v", name, err)
		return
	}
	tx := found.Records.View()
	databases := store.Databases.List(tx)
	if !errors.Is(found.Err(), store.ErrDamaged) || found.Complete && !reflect.DeepEqual(databases, want.Databases) {
		t.Errorf("%s: Inspect: %v, complete %v with %d databases", name, found.Err(), found.Complete, len(databases))
	}
	for _, db := range databases {
		if db.UID == 100 && !db.Equal(large()) || db.UID < 100 && (db.MemorySize > 1 || db.Name != "db") {
			t.Errorf("%s: Inspect: %+v", name, db)
		}
	}
}

// staysWritable changes a record of a store that has opened, and closes it.
func staysWritable(t *testing.T, s *bolt.Store, path, name string) {
	t.Helper()
	if _, err := store.Update(t.Context(), s, store.Databases, 1, grow); err != nil {
		t.Errorf("%s: Update: %v", name, err)
	}
	want := held(t, s)
	if err := s.Close(); err != nil {
		t.Errorf("%s: Close: %v", name, err)
	}
	again, err := bolt.Open(path)
	if err != nil {
		t.Errorf("%s: after a change: %v", name, err)
		return
	}
	if got := held(t, again); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: after a change, it opened with other records", name)
	}
	if err := again.Close(); err != nil {
		t.Errorf("%s: Close: %v", name, err)
	}
}
