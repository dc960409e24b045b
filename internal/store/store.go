// Package store keeps the records of databases, in one bbolt file. An answer to a change means that the change is on
// disk; changes that come at the same time share one write to it.
//
// The records are a cluster's databases, thousands at most, so all of them are held decoded in memory as well: reads,
// refusals and updates that change nothing are answered from there, without a transaction.
package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/database"
)

var (
	// ErrLocked says that another process, or another Store, holds the file.
	ErrLocked = errors.New("store is in use by another process")
	// ErrClosed answers every call that comes after Close.
	ErrClosed = errors.New("store is closed")
)

// Store keeps the records of databases in a file. Its methods may be called from many goroutines. The records that
// it takes and returns belong to the caller; they share nothing with those it keeps. When a write to the file has
// failed, reads go on; the next change begins by reading from the file what it holds now, and goes on from there.
type Store struct {
	path string

	// durable is what is on disk, and what reads see. It is nil once the store is closed.
	durable atomic.Pointer[image]

	// staging holds a token for whoever looks at or changes what is below it: a mutex that a context can give up waiting
	// for.
	staging chan struct{}
	staged  image  // durable and, upon it, the changes on their way to disk
	open    *batch // takes changes; nil where none are waiting
	closed  bool
	suspect bool      // a write has failed, and nobody has looked since at what the file holds
	file    *bbolt.DB // also read by whoever commits; changes only while suspect, when nobody does

	committing sync.Mutex
	failure    atomic.Pointer[error] // of the last write, for Err
}

// Open opens the store in the file at path, which it creates, for its user alone, where there is none; the directory
// must exist. It returns ErrLocked where the file stays locked for a second, and an error that says why for a file
// that is not a store or that a newer version of this program wrote. The caller closes the Store.
func Open(path string) (*Store, error) {
	file, found, err := openFile(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, file: file, staging: make(chan struct{}, 1), staged: found}
	s.durable.Store(&found)
	return s, nil
}

// Close waits for the changes under way and closes the file. A second call returns ErrClosed.
func (s *Store) Close() error {
	s.staging <- struct{}{}
	closed, last := s.closed, s.open
	s.closed = true
	<-s.staging
	if closed {
		return ErrClosed
	}
	if last != nil {
		_ = s.settle(last) // those who wait for it get the error
	}
	s.committing.Lock()
	defer s.committing.Unlock()
	s.durable.Store(nil)
	return s.file.Close()
}

// Err returns why the last write to the file failed: the error that those got whose changes were in it. It is nil where
// that write succeeded, or none was tried. Only a write finds out that the cause is gone. Err never waits.
func (s *Store) Err() error {
	if failure := s.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}

// Get returns the database with this uid. database.ErrNotExist where there is none.
func (s *Store) Get(ctx context.Context, uid int) (*database.Database, error) {
	current, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	db, err := current.find(uid)
	if err != nil {
		return nil, err
	}
	return db.Clone(), nil
}

// List returns all databases as they were at one moment, by ascending uid. The slice is empty, not nil, where there
// are none.
func (s *Store) List(ctx context.Context) ([]*database.Database, error) {
	current, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*database.Database, len(current.databases))
	for i, db := range current.databases {
		all[i] = db.Clone()
	}
	return all, nil
}

// read returns what is on disk. What it holds is shared and must not be changed.
func (s *Store) read(ctx context.Context) (*image, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if current := s.durable.Load(); current != nil {
		return current, nil
	}
	return nil, ErrClosed
}
