// Package bolt keeps records in one bbolt file. An answer to a change means that the change is on disk; changes that come
// at the same time share one write to it.
//
// The records are a cluster's, many thousands at most, so all of them are held decoded in memory as well: reads,
// refusals and updates that change nothing are answered from there, without a transaction of the file's.
package bolt

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reimport/reimport/internal/store"
)

// Store keeps records in a file. It implements store.Store. When a write to the file has failed, reads go on; the next
// change begins by reading from the file what it holds now, and goes on from there. Until a write succeeds again, the
// Store tries one every second or so.
type Store struct {
	path    string
	history *store.History

	// durable is what is on disk, and what reads see. It is nil once the store is closed.
	durable atomic.Pointer[store.Image]

	// staging holds a token for whoever looks at or changes what is below it: a mutex that a context can give up waiting
	// for.
	staging chan struct{}
	staged  *store.Image // durable and, upon it, the changes on their way to disk
	open    *batch       // takes changes; nil if none are waiting
	closed  bool
	suspect bool  // a write has failed, and nobody has looked since at what the file holds
	file    *file // also read by whoever commits; changes only while suspect, when nobody does

	// Of the batch that was committed last; guarded by committing.
	committing sync.Mutex
	took       time.Duration // to write it
	released   time.Time     // when its members went on
	expected   int           // members of it and of the batch behind it

	failure atomic.Pointer[error] // of the last write, for Err

	retryEvery time.Duration
	retrying   bool // retries has one; guarded by committing, as is room
	room       int  // bytes of the largest write that has failed
	retries    sync.WaitGroup
	closing    chan struct{}
}

// Open opens the store in the file at path, which it creates, for its user alone, if there is none; the directory must
// exist. A store that an older version of this program wrote is brought up to date first. Open returns store.ErrLocked if
// the file stays locked for a second, and an error that says why for a file that is not a store or that a newer version
// wrote. The caller closes the Store.
func Open(path string) (*Store, error) {
	file, found, err := openFile(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, history: store.NewHistory(found.Revision()), staging: make(chan struct{}, 1), staged: found, file: file, retryEvery: retryEvery, closing: make(chan struct{})}
	s.durable.Store(found)
	return s, nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	defer s.retries.Wait()
	return s.close()
}

func (s *Store) close() error {
	s.staging <- struct{}{}
	closed, last := s.closed, s.open
	s.closed = true
	<-s.staging
	if closed {
		return store.ErrClosed
	}
	close(s.closing)
	if last != nil {
		_ = s.settle(last) // those who wait for it get the error
	}
	s.committing.Lock()
	defer s.committing.Unlock()
	s.durable.Store(nil)
	s.history.Close()
	return s.file.Close()
}

// Err implements store.Store.
func (s *Store) Err() error {
	if failure := s.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}

// View implements store.Store.
func (s *Store) View(ctx context.Context) (*store.Tx, error) {
	current, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return current.View(), nil
}

// Watch implements store.Store.
func (s *Store) Watch(ctx context.Context, from store.Revision) iter.Seq2[store.Commit, error] {
	return s.history.Watch(ctx, from)
}

// read returns what is on disk.
func (s *Store) read(ctx context.Context) (*store.Image, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if current := s.durable.Load(); current != nil {
		return current, nil
	}
	return nil, store.ErrClosed
}
