package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/disk"
	"github.com/reimport/reimport/internal/store"
)

// What is in the file: the records by kind and key, each behind its checksum, and beside them the version of the schema
// and the digest of all records.
const (
	metaBucket    = "meta"
	schemaKey     = "schema"
	digestKey     = "digest"
	recordsBucket = "records"
)

// schema goes up with every change of the file or its records that an older program would misread, or drop when it
// writes. From schema digests on there is a digest.
const (
	schema  = 3
	digests = 3
)

// lockTimeout lets a predecessor that is about to exit do so, and is no longer than an operator will wait.
const lockTimeout = time.Second

// openFile opens the store in the file at path, or makes one, and returns the records in it. It writes nothing to a file
// that is damaged or is not a store.
func openFile(path string) (*file, *store.Image, error) {
	lock, err := lockBeside(path)
	if err != nil {
		return nil, nil, err
	}
	f, found, err := lock.open(path)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), lock.Close())
	}
	return f, found, nil
}

// open opens the file that l locks.
func (l *lock) open(path string) (*file, *store.Image, error) {
	made, err := l.made()
	if err != nil {
		return nil, nil, err
	}
	if _, err := present(path); errors.Is(err, fs.ErrNotExist) && !made {
		if err := build(path, "", nil); err != nil {
			return nil, nil, err
		}
	} else if err != nil {
		return nil, nil, err
	}
	handle, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the store's file
	if err != nil {
		return nil, nil, err
	}
	f := &file{handle: handle, lock: l}
	found, err := f.prepare()
	if err == nil && !made {
		err = l.mark()
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.release())
	}
	return f, found, nil
}

// present returns an error unless there is a file at path. A store that was there does not go by itself.
func present(path string) (status, error) {
	found, err := statusAt(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found, fmt.Errorf("%w: its file is missing: %w", store.ErrDamaged, err)
	case err != nil:
		return found, err
	case !found.regular:
		return found, fmt.Errorf("%w: not a file", store.ErrDamaged)
	}
	return found, nil
}

// prepare reads what is in the file, has bbolt open it, and brings it up to date.
func (f *file) prepare() (_ *store.Image, err error) {
	if f.opened, err = statusOf(f.handle); err != nil {
		return nil, err
	}
	if err := waitFor(f.handle, false); err != nil {
		return nil, err
	}
	found, err := readContents(f.handle)
	if err == nil {
		err = damage(found.problems)
	}
	if err != nil {
		return nil, err
	}
	if err = f.open(); err == nil {
		err = f.rewriteMeta(found.tree.meta)
	}
	if err != nil || found.schema == schema {
		return found.image(), err
	}
	if err := f.Update(upgradeFrom(found.schema)); err != nil {
		return nil, err
	}
	if found, err = readContents(f.handle); err != nil {
		return nil, err
	}
	return found.image(), damage(found.problems)
}

// open has bbolt open the file, and lock it once more.
func (f *file) open() error {
	return guarded(func() (err error) {
		f.DB, err = bbolt.Open(f.handle.Name(), 0, &bbolt.Options{
			Timeout:  lockTimeout,
			OpenFile: func(string, int, fs.FileMode) (*os.File, error) { return f.handle, nil },
		})
		return err
	})
}

// rewriteMeta brings all that is in the file to the disk. Its last transaction may be one that a process was killed over,
// or could not sync: the system shows that and takes its meta page for written. Until the page is on disk, no page may be
// written that the transaction before still has.
func (f *file) rewriteMeta(m meta) error {
	page, at := make([]byte, m.pageSize), m.pageSize*int64(m.tx%2)
	if _, err := f.handle.ReadAt(page, at); err != nil {
		return err
	}
	_, err := f.handle.WriteAt(page, at)
	return errors.Join(err, f.handle.Sync())
}

// build makes a store with the records that changes leave. Whatever happens, there is all of it at path, or nothing. A file
// that is there already gets the name aside.
func build(path, aside string, changes []store.Change) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bbolt.Open(temporary, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if err := upgradeFrom(0)(tx); err != nil || changes == nil {
			return err
		}
		return write(tx, []store.Commit{{Revision: 1, Changes: changes}})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if aside != "" {
		if err := os.Rename(path, aside); err != nil {
			return err
		}
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(path))
}
