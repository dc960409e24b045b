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
	err     error // set by written
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

// commit waits for the batch before b, during which b still grows. After a write that failed none is tried any more:
// what the file holds is then for the next Open to find out, and the changes of b may rest upon those that failed.
func (s *Store) commit(b *batch) {
	s.committing.Lock()
	defer s.committing.Unlock()
	result := s.seal()
	defer func() { b.err = s.broken }()
	if s.broken != nil || len(b.changes) == 0 {
		return
	}
	s.broken = errUnfinished // stays where bbolt panics
	if err := s.file.Update(b.put); err != nil {
		s.broken = fmt.Errorf("store %s: write: %w", s.file.Path(), err)
		return
	}
	s.durable.Store(&result)
	s.broken = nil
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
		last = max(last, uint64(c.uid))
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
