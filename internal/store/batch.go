package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/database"
)

// batch gathers the changes that come while the ones before are on their way to disk, and takes them there in one
// transaction. A change that finds nothing under way goes at once, alone.
type batch struct {
	changes []change
	written sync.Once
	err     error // guarded by Store.committing, and set once written is done
}

var errUnfinished = errors.New("a write to the store did not finish")

// write answers from what is on disk where that takes no change. Otherwise the operation joins a batch, and even an
// answer that changes nothing waits for that batch: it may rest upon a change which is not on disk yet.
func (s *Store) write(ctx context.Context, op operation) (*database.Database, error) {
	current, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if p := op(*current); !p.changes {
		return p.db, p.err
	}
	r, joined, err := s.stage(ctx, op)
	if err != nil {
		return nil, err
	}
	if err := s.settle(joined); err != nil {
		return nil, err
	}
	return r.db, r.err
}

// stage runs op upon all changes before it and adds its own to the open batch. It runs on the caller's goroutine, so
// a rule that panics takes nobody along.
func (s *Store) stage(ctx context.Context, op operation) (result, *batch, error) {
	select {
	case s.staging <- struct{}{}:
	case <-ctx.Done():
		return result{}, nil, ctx.Err()
	}
	defer func() { <-s.staging }()
	if err := ctx.Err(); err != nil {
		return result{}, nil, err
	}
	if s.closed {
		return result{}, nil, ErrClosed
	}
	if s.suspect {
		if err := s.reopen(); err != nil {
			return result{}, nil, err
		}
	}
	r := op(s.staged).result()
	if s.open == nil {
		s.open = &batch{}
	}
	if r.change != nil {
		s.open.changes = append(s.open.changes, *r.change)
		s.staged = s.staged.with(*r.change)
	}
	return r, s.open, nil
}

// settle returns once b is on disk, or has failed. The first to come writes it, for all who are in it.
func (s *Store) settle(b *batch) error {
	b.written.Do(func() { s.commit(b) })
	return b.err
}

// commit waits for the batch before b, during which b still grows. Where that one fails, so does b, which rests upon
// it.
func (s *Store) commit(b *batch) {
	s.committing.Lock()
	defer s.committing.Unlock()
	if b.err != nil {
		return
	}
	result := s.seal()
	if len(b.changes) == 0 {
		return
	}
	b.err = errUnfinished // stays where bbolt panics
	defer func() { s.end(b, result) }()
	b.err = s.file.Update(b.put)
}

// end makes known what became of b. One that failed takes along what was staged upon it meanwhile.
func (s *Store) end(b *batch, result image) {
	if b.err == nil {
		s.durable.Store(&result)
		s.failure.Store(nil)
		return
	}
	err := fmt.Errorf("store %s: write: %w", s.path, b.err)
	b.err = err
	s.failure.Store(&err)
	s.staging <- struct{}{}
	defer func() { <-s.staging }()
	if s.open != nil {
		s.open.err = err
	}
	s.open, s.suspect = nil, true
}

// reopen goes on from what the file holds, which after a write that failed may or may not be the changes it was to
// make. Its caller holds staging; no commit uses the file, as no batch has been staged since the one that failed.
func (s *Store) reopen() error {
	_ = s.file.Close() // gives up the lock, or has done so in an attempt before
	file, found, err := reopenFile(s.path)
	if err != nil {
		s.failure.Store(&err)
		return err
	}
	s.file, s.staged, s.suspect = file, found, false
	s.durable.Store(&found)
	return nil
}

// seal takes the open batch out of the reach of others and returns what it leads to.
func (s *Store) seal() image {
	s.staging <- struct{}{}
	defer func() { <-s.staging }()
	s.open = nil
	return s.staged
}

func (b *batch) put(tx *bbolt.Tx) error {
	records := tx.Bucket([]byte(recordsBucket))
	last := records.Sequence()
	for _, c := range b.changes {
		if err := c.put(records); err != nil {
			return err
		}
		last = max(last, uint64(c.uid)) //nolint:gosec // uids are positive
	}
	if last == records.Sequence() {
		return nil
	}
	return records.SetSequence(last)
}

func (c change) put(records *bbolt.Bucket) error {
	if c.record == nil {
		return records.Delete(key(c.uid))
	}
	return records.Put(key(c.uid), c.encoded)
}
