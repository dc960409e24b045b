package bolt_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

func TestNoChangeWritesNothing(t *testing.T) {
	s := fresh(t)
	db := named(1)
	db.Settings = map[string]json.RawMessage{"a": json.RawMessage(`[1]`)}
	db.CreatedTime = time.Unix(1700000000, 0).UTC()
	add(t, s, db)
	rules := map[string]func(db *database.Database) error{
		"nothing":      func(*database.Database) error { return nil },
		"the same":     func(db *database.Database) error { db.Name = "db"; return nil },
		"other spaces": func(db *database.Database) error { db.Settings["a"] = json.RawMessage("[ 1 ]"); return nil },
		"other zone": func(db *database.Database) error {
			db.CreatedTime = db.CreatedTime.In(time.FixedZone("", 0))
			return nil
		},
		"empty slice": func(db *database.Database) error { db.Import.Sources = []database.Source{}; return nil },
		"refusal":     func(db *database.Database) error { db.Name = "other"; return database.ErrBusy },
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			commits, writes := s.Commits(t), s.Writes()
			after, err := store.Update(t.Context(), s, store.Databases, 1, rule)
			if refused := name == "refusal"; refused != errors.Is(err, database.ErrBusy) || !refused && !reflect.DeepEqual(after, db) {
				t.Errorf("Update: %+v, %v; want %+v", after, err, db)
			}
			if s.Commits(t) != commits || s.Writes() != writes {
				t.Errorf("%d commits, %d writes", s.Commits(t)-commits, s.Writes()-writes)
			}
		})
	}
}

func TestOpenWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	add(t, s, named(1))
	commits := s.Commits(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, path); s.Commits(t) != commits || s.Writes() != 0 {
		t.Errorf("%d commits, %d writes", s.Commits(t)-commits, s.Writes())
	}
}

// The clock of a synctest bubble stands still unless something waits for it.
func TestLoneChangeGoesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fresh(t)
		add(t, s, named(1))
		start := time.Now()
		for range 10 {
			commits := s.Commits(t)
			if _, err := store.Update(t.Context(), s, store.Databases, 1, grow); err != nil {
				t.Fatal(err)
			}
			if n := s.Commits(t) - commits; n != 1 {
				t.Fatalf("%d commits", n)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v for a clock", waited)
		}
	})
}

// onTurn gives a rule that grows the record and tells turn when it is run upon the changes before it, for the second
// time. Whoever seals the batch then waits until the change is in it.
func onTurn(turn chan<- struct{}) func(*database.Database) error {
	runs := 0
	return func(db *database.Database) error {
		if runs++; runs == 2 {
			turn <- struct{}{}
		}
		return grow(db)
	}
}

func TestChangesShareACommit(t *testing.T) {
	const writers = 16
	s := fresh(t)
	add(t, s, named(1))
	commits, release := s.Commits(t), s.HoldCommits()
	turn := make(chan struct{}, writers)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			if _, err := store.Update(t.Context(), s, store.Databases, 1, onTurn(turn)); err != nil {
				t.Errorf("Update: %v", err)
			}
		})
	}
	for range writers {
		<-turn
	}
	if db, err := store.Get(t.Context(), s, store.Databases, 1); err != nil || db.MemorySize != 0 {
		t.Errorf("Get before the commit: %+v, %v", db, err)
	}
	release()
	all.Wait()
	if n := s.Commits(t) - commits; n != 1 {
		t.Errorf("%d commits for %d changes", n, writers)
	}
	if db, err := store.Get(t.Context(), s, store.Databases, 1); err != nil || db.MemorySize != writers {
		t.Errorf("Get: %+v, %v", db, err)
	}
}

// Writers that a commit releases join the next one. The clock of a bubble stands still while one of them is on its way,
// so what is left to chance is only how they come together at first.
func TestReleasedWritersJoinTheNextCommit(t *testing.T) {
	const writers, changes = 16, 20
	synctest.Test(t, func(t *testing.T) {
		s := fresh(t)
		for i := range writers {
			add(t, s, named(i+1))
		}
		commits := s.Commits(t)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				for range changes {
					if _, err := store.Update(t.Context(), s, store.Databases, i+1, grow); err != nil {
						t.Errorf("Update: %v", err)
					}
				}
			})
		}
		all.Wait()
		if n := s.Commits(t) - commits; n > changes+4 {
			t.Errorf("%d commits for %d changes of %d writers", n, writers*changes, writers)
		}
		// They do not come again: one that does is not held up for long.
		start := time.Now()
		for range 3 {
			if _, err := store.Update(t.Context(), s, store.Databases, 1, grow); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(start); waited > time.Second {
			t.Errorf("a lone writer waited %v for others", waited)
		}
	})
}

// A change may find, once it has its turn, that another has just done the same.
func TestChangeMadeMeanwhileWritesNothing(t *testing.T) {
	s := fresh(t)
	add(t, s, named(1))
	commits := s.Commits(t)
	runs := 0
	resize := func(db *database.Database) error { db.MemorySize = 7; return nil }
	_, err := store.Update(t.Context(), s, store.Databases, 1, func(db *database.Database) error {
		if runs++; runs == 1 { // stands for a neighbour at the worst time: a rule is not to call the store
			if _, err := store.Update(t.Context(), s, store.Databases, 1, resize); err != nil {
				return err
			}
		}
		return resize(db)
	})
	if err != nil || runs != 2 {
		t.Errorf("Update: %v after %d runs of its rule", err, runs)
	}
	if n := s.Commits(t) - commits; n != 1 {
		t.Errorf("%d commits", n)
	}
}

func TestContextEndsBeforeTurn(t *testing.T) {
	s := fresh(t)
	add(t, s, named(1))
	withdrawn := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		runs := 0
		_, err := store.Update(ctx, s, store.Databases, 1, func(db *database.Database) error {
			runs++
			cancel()
			return grow(db)
		})
		if !errors.Is(err, context.Canceled) || runs != 1 {
			t.Errorf("Update: %v after %d runs of its rule", err, runs)
		}
	}
	for range 20 { // nobody in front: the end of the context and the turn come together
		withdrawn()
	}
	turn, first := make(chan struct{}), make(chan error)
	go func() {
		runs := 0
		_, err := store.Update(t.Context(), s, store.Databases, 1, func(db *database.Database) error {
			if runs++; runs == 2 {
				turn <- struct{}{}
				turn <- struct{}{}
			}
			return grow(db)
		})
		first <- err
	}()
	<-turn // the change in front has its turn now, and keeps it
	withdrawn()
	<-turn
	if err := <-first; err != nil {
		t.Errorf("the change in front: %v", err)
	}
	if db, err := store.Get(t.Context(), s, store.Databases, 1); err != nil || db.MemorySize != 1 {
		t.Errorf("Get: %+v, %v", db, err)
	}
}

func TestContextEndsAfterTurn(t *testing.T) {
	s := fresh(t)
	add(t, s, named(1))
	release := s.HoldCommits()
	ctx, cancel := context.WithCancel(t.Context())
	turn, done := make(chan struct{}, 1), make(chan error)
	go func() {
		_, err := store.Update(ctx, s, store.Databases, 1, onTurn(turn))
		done <- err
	}()
	<-turn
	cancel()
	release()
	if err := <-done; err != nil {
		t.Errorf("Update: %v", err)
	}
	if db, err := store.Get(t.Context(), s, store.Databases, 1); err != nil || db.MemorySize != 1 {
		t.Errorf("Get: %+v, %v", db, err)
	}
}

// Of two calls of Close, one closes the store and waits for the change; the other's ErrClosed tells that it has begun.
func TestCloseWaitsForChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	add(t, s, named(1))
	release := s.HoldCommits()
	turn, done, closing := make(chan struct{}, 1), make(chan error), make(chan error)
	go func() {
		_, err := store.Update(t.Context(), s, store.Databases, 1, onTurn(turn))
		done <- err
	}()
	<-turn
	for range 2 {
		go func() { closing <- s.Close() }()
	}
	if err := <-closing; !errors.Is(err, store.ErrClosed) {
		t.Errorf("a Close that does not wait: %v", err)
	}
	if _, err := store.Update(t.Context(), s, store.Databases, 1, grow); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update while closing: %v", err)
	}
	release()
	if err := errors.Join(<-done, <-closing); err != nil {
		t.Error(err)
	}
	if db, err := store.Get(t.Context(), open(t, path), store.Databases, 1); err != nil || db.MemorySize != 1 {
		t.Errorf("Get after reopening: %+v, %v", db, err)
	}
}

// updating changes database 1 by a rule.
func updating(rule func(*database.Database) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		db, err := store.Databases.Get(tx, 1)
		return errors.Join(err, rule(db), store.Databases.Put(tx, db))
	}
}

// A change may have had its turn and not have come to the disk when Close begins.
func TestCloseWritesWhatIsStaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	add(t, s, named(1))
	settle, err := s.Stage(t.Context(), updating(grow))
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := settle(); err != nil {
		t.Errorf("the staged change: %v", err)
	}
	if db, err := store.Get(t.Context(), open(t, path), store.Databases, 1); err != nil || db.MemorySize != 1 {
		t.Errorf("Get after reopening: %+v, %v", db, err)
	}
}
