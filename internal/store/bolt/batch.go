package bolt

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/store"
)

// batch gathers the transactions that come while the ones before are on their way to disk, and takes them there in one
// write. A transaction that finds nothing under way goes at once, alone.
type batch struct {
	commits []store.Commit
	members int // who wait for it; guarded by Store.staging, as are those around it
	wanted  int // members that close full, 0 if nobody waits for them
	full    chan struct{}
	taken   atomic.Bool   // by the member that commits it
	written chan struct{} // closed when err is final
	err     error         // guarded by Store.committing
}

// Update implements store.Store. It answers from what is on disk if that takes no change. Otherwise the transaction joins
// a batch, and even an answer that changes nothing waits for that batch: it may rest upon a change which is not on disk
// yet.
func (s *Store) Update(ctx context.Context, change func(*store.Tx) error) error {
	current, err := s.read(ctx)
	if err != nil {
		return err
	}
	tx := current.Begin()
	if err := change(tx); err != nil || !tx.Changed() {
		return err
	}
	answer, joined, err := s.stage(ctx, change)
	if err != nil {
		return err
	}
	if err := s.settle(joined); err != nil {
		return err
	}
	return answer
}

// stage runs change upon all changes before it and adds what it writes to the open batch. It runs on the caller's
// goroutine, so one that panics takes nobody along.
func (s *Store) stage(ctx context.Context, change func(*store.Tx) error) (answer error, joined *batch, err error) {
	select {
	case s.staging <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer func() { <-s.staging }()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := s.ready(); err != nil {
		return nil, nil, err
	}
	tx := s.staged.Begin()
	var changes []store.Change
	if answer = change(tx); answer == nil {
		changes, answer = tx.Changes()
	}
	if s.open == nil {
		s.open = &batch{written: make(chan struct{})}
	}
	if len(changes) > 0 {
		s.staged = s.staged.With(changes)
		s.open.commits = append(s.open.commits, store.Commit{Revision: s.staged.Revision(), Changes: changes})
	}
	s.open.join()
	return answer, s.open, nil
}

// join adds a member.
func (b *batch) join() {
	if b.members++; b.members == b.wanted {
		close(b.full)
	}
}

// settle returns once b is on disk, or has failed. The first to come writes it, for all who are in it.
func (s *Store) settle(b *batch) error {
	if b.taken.CompareAndSwap(false, true) {
		s.commit(b)
	} else {
		<-b.written
	}
	return b.err
}

// commit waits for the batch before b, during which b still grows. If that one fails, so does b, which rests upon it.
func (s *Store) commit(b *batch) {
	s.committing.Lock()
	defer s.committing.Unlock()
	defer close(b.written) // before the next batch begins, so that those it releases can join that
	if b.err != nil {
		return
	}
	s.gather(b)
	result, members := s.seal()
	defer s.release(members)
	if len(b.commits) == 0 {
		return
	}
	defer func() { s.end(b, result) }()
	start := time.Now()
	b.err = s.file.Update(func(tx *bbolt.Tx) error { return write(tx, b.commits) })
	s.took = time.Since(start)
}

// release notes for whom the next batch may wait: those in b, who are about to go on, and those that wait already.
func (s *Store) release(members int) {
	s.staging <- struct{}{}
	defer func() { <-s.staging }()
	if s.expected = members; s.open != nil {
		s.expected += s.open.members
	}
	s.released = time.Now()
}

// patience is the part of a write's time that gather lets pass between two looks, and how many looks it takes at most.
const patience = 4

// gather lets those join b whom the batch before has just released: they are likely to come again, and would otherwise
// become a group of their own that takes turns with b. It goes on while they keep coming, for as long as a write takes at
// most. A lone writer never waits here, as it expects nobody.
func (s *Store) gather(b *batch) {
	if time.Since(s.released) > s.took/patience {
		return
	}
	full, members := s.expect(b)
	if full == nil {
		return
	}
	look := time.NewTicker(max(s.took/patience, 1))
	defer look.Stop()
	for range patience {
		select {
		case <-full:
			return
		case <-look.C:
		}
		before := members
		if members = s.count(b); members == before {
			return
		}
	}
}

// expect returns what is closed once all who are expected are in b, nil if they are already, and how many are now.
func (s *Store) expect(b *batch) (full <-chan struct{}, members int) {
	s.staging <- struct{}{}
	defer func() { <-s.staging }()
	if b.members >= s.expected {
		return nil, b.members
	}
	b.full, b.wanted = make(chan struct{}), s.expected
	return b.full, b.members
}

func (s *Store) count(b *batch) int {
	s.staging <- struct{}{}
	defer func() { <-s.staging }()
	return b.members
}

// end makes known how b ended. One that failed takes along what was staged upon it meanwhile.
func (s *Store) end(b *batch, result *store.Image) {
	if b.err == nil {
		s.durable.Store(result)
		s.failure.Store(nil)
		for _, c := range b.commits {
			s.history.Append(c)
		}
		return
	}
	err := fmt.Errorf("store %s: write: %w", s.path, b.err)
	b.err = err
	s.failure.Store(&err)
	s.distrust(err)
	s.retryLater(b)
}

// distrust gives up what is staged upon a write that failed with err, and has the next to come look at the file first.
func (s *Store) distrust(err error) {
	s.staging <- struct{}{}
	defer func() { <-s.staging }()
	if s.open != nil {
		s.open.err = err
	}
	s.open, s.suspect = nil, true
}

// ready makes the file one that can be written to. Its caller holds staging.
func (s *Store) ready() error {
	switch {
	case s.closed:
		return store.ErrClosed
	case s.suspect:
		return s.reopen()
	}
	return nil
}

// reopen goes on from what the file holds, which after a write that failed may or may not be the changes it was to
// make. Its caller holds staging; no commit uses the file, as no batch has been staged since the one that failed.
func (s *Store) reopen() error {
	_ = s.file.Close() // gives up the lock, or has done so in an attempt before
	file, found, err := openFile(s.path)
	if err != nil {
		s.failure.Store(&err)
		return err
	}
	s.file, s.staged, s.suspect = file, found, false
	s.durable.Store(found)
	s.history.Reset(found.Revision())
	return nil
}

// seal takes the open batch out of the reach of others and returns what it leads to, and for how many.
func (s *Store) seal() (*store.Image, int) {
	s.staging <- struct{}{}
	defer func() { <-s.staging }()
	members := s.open.members
	s.open = nil
	return s.staged, members
}
