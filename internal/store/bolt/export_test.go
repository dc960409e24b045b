package bolt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/store"
)

// Sealed gives a record as it is in the file.
var Sealed = sealed

// Commits returns how many transactions were ever written to the file.
func (s *Store) Commits(t testing.TB) int {
	var id int
	if err := s.file.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// Writes returns how often this process wrote to the file.
func (s *Store) Writes() int64 {
	stats := s.file.Stats()
	return stats.TxStats.GetWrite()
}

// HoldCommits keeps changes from the disk until release is called.
func (s *Store) HoldCommits() (release func()) {
	s.committing.Lock()
	return s.committing.Unlock
}

// LoseFile makes the next write fail.
func (s *Store) LoseFile() error { return s.file.Close() }

// CommitWhile commits the open batch; meanwhile runs when that batch takes no more changes, and before the write.
func (s *Store) CommitWhile(meanwhile func() error) error {
	b := s.open
	b.taken.Store(true)
	s.committing.Lock()
	defer s.committing.Unlock()
	defer close(b.written)
	result, _ := s.seal()
	b.err = errors.Join(meanwhile(), s.file.Update(func(tx *bbolt.Tx) error { return write(tx, b.commits) }))
	s.end(b, result)
	return b.err
}

// Stage does the first half of an update; settle does the rest.
func (s *Store) Stage(ctx context.Context, change func(*store.Tx) error) (settle func() error, err error) {
	_, joined, err := s.stage(ctx, change)
	return func() error { return s.settle(joined) }, err
}

// RetryAfter sets how long the store waits before it tries to write again.
func (s *Store) RetryAfter(d time.Duration) { s.retryEvery = d }

// Retry reports whether writes succeed again.
func (s *Store) Retry() bool { return s.retry() }

// Records returns all that is in the file, as text.
func (s *Store) Records(t testing.TB) string {
	var all strings.Builder
	err := s.file.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(key, value []byte) error {
				_, err := fmt.Fprintf(&all, "%s %s %q\n", name, key, value)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
