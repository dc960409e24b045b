package bolt

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/store"
)

// guarded turns a panic of bbolt's into an error: it asserts what it finds in a file, and reading beyond the end of one
// that has become shorter since it was mapped is a fault.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if said := recover(); said != nil {
			err = fmt.Errorf("%w: %v", store.ErrDamaged, said)
		}
	}()
	return do()
}

// file is a store's file, locked. One goroutine uses it at a time.
type file struct {
	*bbolt.DB
	handle *os.File // bbolt's
	opened status   // of handle
	lock   *lock
	broken bool // bbolt has panicked in a transaction, and may hold locks of its own forever
	closed bool
}

// Update is bbolt's, but for a file that is damaged.
func (f *file) Update(do func(*bbolt.Tx) error) error {
	done := false
	err := guarded(func() error {
		err := f.DB.Update(func(tx *bbolt.Tx) error {
			if err := f.whole(tx.Size()); err != nil {
				return err
			}
			return do(tx)
		})
		done = true
		return err
	})
	f.broken = f.broken || !done
	return err
}

// whole returns an error if the file has gone or has lost its end: nobody would find what is written to it now.
func (f *file) whole(size int64) error {
	named, err := present(f.handle.Name())
	if err != nil {
		return err
	}
	switch {
	case !named.same(f.opened):
		return fmt.Errorf("%w: another file has taken its place", store.ErrDamaged)
	case named.size < size:
		return fmt.Errorf("%w: has %d bytes of %d", store.ErrDamaged, named.size, size)
	}
	return nil
}

// Close gives up the lock.
func (f *file) Close() error {
	if f.closed {
		return nil
	}
	return errors.Join(f.release(), f.lock.Close())
}

// release closes the file itself. It leaves what a broken one has mapped.
func (f *file) release() error {
	f.closed = true
	if f.DB != nil && !f.broken {
		return guarded(f.DB.Close)
	}
	err := unlock(f.handle)                                                       // which what it has mapped would hold
	if err := errors.Join(err, f.handle.Close()); !errors.Is(err, os.ErrClosed) { // by bbolt, which did not open
		return err
	}
	return nil
}
