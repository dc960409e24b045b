package storetest

import (
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

func together(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

func (s suite) increments(t *testing.T) {
	const writers, times = 8, 25
	f := s.fresh(t)
	f.add(named(1))
	together(writers, func(i int) {
		if _, err := store.Create(t.Context(), f, named(10+i)); err != nil {
			t.Errorf("Create: %v", err)
		}
		for n := range times {
			for _, uid := range []int{1, 10 + i} {
				db, err := store.Update(t.Context(), f, store.Databases, uid, grow)
				if err != nil {
					t.Errorf("Update %d: %v", uid, err)
				} else if uid != 1 && db.MemorySize != int64(n+1) {
					t.Errorf("database %d is at %d after %d changes", uid, db.MemorySize, n+1)
				}
			}
		}
	})
	f.reopen()
	want := named(1)
	want.MemorySize = writers * times
	f.equal("the record that all shared", f.get(1), want)
	for i := range writers {
		want := named(10 + i)
		want.MemorySize = times
		f.equal("a record of one's own", f.get(10+i), want)
	}
}

// objections has writers compete for fewer places than there are, so that some find out only when it is their turn,
// among others whose changes go on.
func (s suite) objections(t *testing.T) {
	const writers, places = 24, 5
	rows := map[string]struct {
		object func() error
		seen   any // by the caller
	}{
		"error": {func() error { return database.ErrBusy }, database.ErrBusy},
		"panic": {func() error { panic("no place left") }, "no place left"},
		"exit":  {func() error { runtime.Goexit(); return nil }, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			f := s.fresh(t)
			f.add(named(1))
			f.add(named(2))
			seen := make(chan any, writers)
			together(writers, func(int) { f.compete(places, row.object, seen) })
			close(seen)
			count := map[any]int{}
			for end := range seen {
				count[end]++
			}
			f.equal("what callers saw", count, map[any]int{"changed": places, row.seen: writers - places})
			f.change(2, grow)
			f.reopen()
			f.equal("places taken", f.get(1).MemorySize, int64(places))
			f.equal("a change afterwards", f.get(2).MemorySize, int64(1))
		})
	}
}

// compete takes one of so many places, or objects, and tells seen what came of it.
func (f *fixture) compete(places int64, object func() error, seen chan<- any) {
	var end any // stays nil where the goroutine exits
	defer func() {
		if v := recover(); v != nil {
			end = v
		}
		seen <- end
	}()
	_, err := store.Update(f.t.Context(), f, store.Databases, 1, func(db *database.Database) error {
		db.MemorySize++ // even where there is no place
		if db.MemorySize > places {
			return object()
		}
		return nil
	})
	if end = "changed"; err != nil {
		end = err
	}
}

// closeWaits closes the store among its writers: each is either told that it was, or finds its change after reopening.
func (s suite) closeWaits(t *testing.T) {
	const writers = 8
	f := s.fresh(t)
	for i := range writers {
		f.add(named(i + 1))
	}
	changed := make([]int64, writers)
	started := make(chan struct{}, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for {
				db, err := store.Update(t.Context(), f, store.Databases, i+1, grow)
				if errors.Is(err, store.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("Update: %v", err)
					return
				}
				if changed[i] = db.MemorySize; changed[i] == 1 {
					started <- struct{}{}
				}
			}
		})
	}
	for range writers {
		<-started
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	all.Wait()
	f.Store = f.Open(t, f.path)
	for i := range writers {
		f.equal("changes to a database", f.get(i+1).MemorySize, changed[i])
	}
}
