package store

import (
	"context"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/database"
)

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

// LoseFile makes every write to come fail.
func (s *Store) LoseFile() error { return s.file.Close() }

// Stage does the first half of an Update; settle does the rest.
func (s *Store) Stage(ctx context.Context, uid int, rule func(*database.Database) error) (settle func() error, err error) {
	_, joined, err := s.stage(ctx, updating(uid, rule))
	return func() error { return s.settle(joined) }, err
}
