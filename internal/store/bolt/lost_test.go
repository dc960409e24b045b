//go:build unix

package bolt_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"

	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// A store that was there is never replaced by an empty one.
func TestOpenInThePlaceOfAStore(t *testing.T) {
	rows := map[string]func(path string) error{
		"missing":     func(string) error { return nil },
		"empty":       func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"directory":   func(path string) error { return os.Mkdir(path, 0o700) },
		"named pipe":  func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"broken link": func(path string) error { return os.Symlink("nowhere", path) },
	}
	for name, put := range rows {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			if err := errors.Join(open(t, path).Close(), os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			if s, err := bolt.Open(path); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("Open: %v, %v", s, err)
			}
			after, _ := os.Lstat(path)
			if (before == nil) != (after == nil) || before != nil && (after.Mode() != before.Mode() || after.Size() != before.Size() || after.ModTime() != before.ModTime()) {
				t.Errorf("was %v, is %v", before, after)
			}
			os.RemoveAll(path) // as the checks at the end take it for a store
		})
	}
}

// TestLeftByAKill opens what a start leaves that is killed before the store is there.
func TestLeftByAKill(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "store")
	add(t, open(t, whole), named(1))
	for name, left := range map[string][]byte{"nothing": nil, "half a store": content(t, whole)[:10000], "a whole store": content(t, whole)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			write(t, path+".new", string(left))
			write(t, path+".lock", "")
			sizes(t, open(t, path))
			if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left: %v", err)
			}
		})
	}
}

// TestDamageUnderAnOpenStore damages the file of a store that is open. Reads go on, the next change fails, and those after
// it until the file is whole again.
func TestDamageUnderAnOpenStore(t *testing.T) {
	rows := map[string]func(path string, whole []byte) error{
		"emptied":    func(path string, _ []byte) error { return os.Truncate(path, 0) },
		"cut off":    func(path string, _ []byte) error { return os.Truncate(path, 2*pageSize) },
		"cut within": func(path string, _ []byte) error { return os.Truncate(path, 2*pageSize+100) },
		"removed":    func(path string, _ []byte) error { return os.Remove(path) },
		"replaced": func(path string, whole []byte) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, whole, 0o600))
		},
		"zeroed": func(path string, whole []byte) error { return overwrite(path, make([]byte, len(whole))) },
		"random": func(path string, whole []byte) error { return overwrite(path, damaged(whole)) },
	}
	for name, damage := range rows {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			sample(t, path)
			s := open(t, path)
			whole, want := content(t, path), held(t, s)
			if err := damage(path, whole); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := store.Update(t.Context(), s, store.Databases, 1, grow)
				if name == "replaced" && err == nil {
					return // it goes on from the file that is there now
				}
				if !errors.Is(err, store.ErrDamaged) || !errors.Is(s.Err(), err) {
					t.Errorf("Update: %v; Err: %v", err, s.Err())
				}
				if got := held(t, s); !reflect.DeepEqual(got, want) {
					t.Errorf("reads %+v", got)
				}
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Update(t.Context(), s, store.Databases, 1, grow); err != nil {
				t.Errorf("Update of a whole file: %v", err)
			}
		})
	}
}

func overwrite(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	return errors.Join(err, f.Close())
}

// damaged returns the file with every page but the first two changed.
func damaged(whole []byte) []byte {
	other := bytes.Clone(whole)
	for i := 2 * pageSize; i < len(whole); i++ {
		other[i] ^= byte(i * 7)
	}
	return other
}
