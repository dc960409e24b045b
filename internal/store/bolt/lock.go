package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/reimport/reimport/internal/disk"
	"github.com/reimport/reimport/internal/store"
)

// lock is a file beside a store's. Whoever has locked it may make or replace the store. What is in it says that a store
// was made: one that is missing then is not a new one.
type lock struct{ *os.File }

const lockSuffix = ".lock"

const madeText = "A store was made beside this file. If it is missing, it was lost.\n"

// lockBeside locks the store at path, which need not be there.
func lockBeside(path string) (*lock, error) {
	f, err := os.OpenFile(path+lockSuffix, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // beside the store
	if err != nil {
		return nil, err
	}
	if err := waitFor(f, false); err != nil {
		return nil, errors.Join(&os.PathError{Op: "lock", Path: path, Err: err}, f.Close())
	}
	return &lock{f}, nil
}

// made reports whether there has been a store.
func (l *lock) made() (bool, error) {
	info, err := l.Stat()
	return err == nil && info.Size() > 0, err
}

// mark notes that there is a store.
func (l *lock) mark() error {
	if _, err := l.WriteAt([]byte(madeText), 0); err != nil {
		return err
	}
	return errors.Join(l.Sync(), disk.SyncDir(filepath.Dir(l.Name())))
}

// waitFor locks a file, and returns store.ErrLocked if another has it for too long.
func waitFor(f *os.File, shared bool) error {
	for end := time.Now().Add(lockTimeout); ; time.Sleep(10 * time.Millisecond) {
		locked, err := tryLock(f, shared)
		switch {
		case err != nil || locked:
			return err
		case time.Now().After(end):
			return store.ErrLocked
		}
	}
}
