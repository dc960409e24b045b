package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/reimport/reimport/internal/store"
)

// Report is what Inspect finds in a store's file.
type Report struct {
	path     string
	Schema   int // 0 if nothing was ever written to the file
	Records  *store.Image
	Complete bool    // Records are those that were written last, all of them
	Problems []error // what is damaged; none of their texts has the content of a record
}

// Inspect reads the store in the file at path, or what can be read of a damaged one, and writes nothing. It returns
// store.ErrLocked if another process has the store, store.ErrDamaged if the file is missing or is none, and fs.ErrNotExist
// alone if there never was a store.
func Inspect(path string) (r *Report, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	if _, err := present(path); err != nil {
		beside, missing := os.Stat(path + lockSuffix)
		if errors.Is(err, fs.ErrNotExist) && (missing != nil || beside.Size() == 0) {
			return nil, fmt.Errorf("there is no store: %w", fs.ErrNotExist)
		}
		return nil, err
	}
	f, err := os.Open(path) //nolint:gosec // the store's file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := waitFor(f, true); err != nil {
		return nil, err
	}
	found, err := readContents(f)
	if err != nil {
		return nil, err
	}
	return &Report{path, found.schema, found.image(), found.complete, found.problems}, nil
}

// Err returns the first of the problems, and how many there are, as one error that wraps store.ErrDamaged. It is nil if
// there are none.
func (r *Report) Err() error {
	if err := damage(r.Problems); err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	return nil
}

// Make makes a store in the file at path with what fill writes, in one step: whatever happens, there is all of it or
// nothing. If there is a store, or was one, it takes its place, and the old file stays beside it under the name that Make
// returns, empty if there was none.
func Make(path string, fill func(*store.Tx) error) (aside string, err error) {
	tx := new(store.Image).Begin()
	if err := fill(tx); err != nil {
		return "", err
	}
	changes, err := tx.Changes()
	if err != nil {
		return "", err
	}
	l, err := lockBeside(path)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.make(path, changes)
}

func (l *lock) make(path string, changes []store.Change) (aside string, err error) {
	if _, err := os.Lstat(path); err == nil {
		aside = asideOf(path)
	}
	if _, err := present(path); err == nil { // an older program locks this file alone
		old, err := os.Open(path) //nolint:gosec // the store's file
		if err != nil {
			return "", err
		}
		defer old.Close()
		if err := waitFor(old, false); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := build(path, aside, changes); err != nil {
		return "", err
	}
	return aside, l.mark()
}

// asideOf returns a name that no file has yet.
func asideOf(path string) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s.old-%d", path, n)
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
}
