package storetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

func keyOf(c store.Change) int {
	uid, _ := strconv.Atoi(c.Key) // as the databases' kind has made it
	return uid
}

func (m shadow) list() []*database.Database {
	all := []*database.Database{}
	for _, db := range m {
		all = append(all, db)
	}
	slices.SortFunc(all, func(a, b *database.Database) int { return a.UID - b.UID })
	return all
}

// follow applies commits from a watch until one has the revision.
func (f *fixture) follow(m shadow, next func() (store.Commit, error, bool), from, to store.Revision) {
	f.t.Helper()
	for from < to {
		c, err, ok := next()
		if err != nil || !ok {
			f.t.Fatalf("Watch after revision %d: %v", from, err)
		}
		if c.Revision != from+1 {
			f.t.Fatalf("Watch: revision %d after %d", c.Revision, from)
		}
		m.apply(c)
		from = c.Revision
	}
}

// watch resumes from every revision of a few changes, and brings about what is there.
func (s suite) watch(t *testing.T) {
	f := s.fresh(t)
	views := []*store.Tx{f.view()}
	for _, change := range []func(){
		func() { f.add(full(1)) },
		func() { f.add(named(2)) },
		func() { f.change(1, grow) },
		func() { f.do(func(tx *store.Tx) error { return store.Users.Put(tx, user(1)) }) },
		func() { f.drop(2) },
		func() {
			f.do(func(tx *store.Tx) error {
				return errors.Join(store.Databases.Delete(tx, 1), store.Databases.Put(tx, named(3)), store.Databases.Put(tx, named(4)))
			})
		},
	} {
		change()
		views = append(views, f.view())
	}
	last := views[len(views)-1]
	for _, from := range views {
		m := shadow{}
		for _, db := range store.Databases.List(from) {
			m[db.UID] = db
		}
		next, stop := iter.Pull2(f.Watch(t.Context(), from.Revision()))
		f.follow(m, next, from.Revision(), last.Revision())
		stop()
		f.equal("what the watch has brought about", m.list(), store.Databases.List(last))
	}
	f.reopen()
	next, stop := iter.Pull2(f.Watch(t.Context(), last.Revision()))
	defer stop()
	f.add(named(5))
	f.follow(shadow{}, next, last.Revision(), f.view().Revision())
}

// watchWhile has many watch while many write.
func (s suite) watchWhile(t *testing.T) {
	const watchers, writers, changes = 4, 4, 30
	f := s.fresh(t)
	start := f.view().Revision()
	end := start + writers*(1+changes)
	var all sync.WaitGroup
	for range watchers {
		all.Go(func() {
			m, at := shadow{}, start
			for c, err := range f.Watch(t.Context(), start) {
				if err != nil || c.Revision != at+1 {
					t.Errorf("Watch: revision %d, %v after %d", c.Revision, err, at)
					return
				}
				m.apply(c)
				if view := f.view(); view.Revision() < c.Revision {
					t.Errorf("a view shows revision %d after the watch has told of %d", view.Revision(), c.Revision)
				}
				if at = c.Revision; at == end {
					break
				}
			}
			f.equal("what the watch has brought about", m.list(), f.list())
		})
	}
	together(writers, func(i int) {
		f.add(named(i + 1))
		for range changes {
			f.change(i+1, grow)
		}
	})
	all.Wait()
}

// watchSlow reads one commit and then no more until there are very many. It then sees all of them or gets ErrCompacted, and
// nobody has waited for it.
func (s suite) watchSlow(t *testing.T) {
	const records = 70 // of 250 kB: more than a history keeps
	f := s.fresh(t)
	for uid := range records {
		f.add(named(uid + 1))
	}
	start := f.view()
	m := shadow{}
	for _, db := range f.list() {
		m[db.UID] = db
	}
	next, stop := iter.Pull2(f.Watch(t.Context(), start.Revision()))
	defer stop()
	f.change(1, grow)
	at := start.Revision() + 1
	f.follow(m, next, at-1, at)
	heavy := func(db *database.Database) error {
		db.MemorySize++
		db.Settings = full(1).Settings
		db.Settings["heavy"] = slices.Concat([]byte(`"`), slices.Repeat([]byte("x"), 250_000), []byte(`"`))
		return nil
	}
	for uid := range records {
		f.change(uid+1, heavy)
	}
	end := f.view().Revision()
	for at < end {
		c, err, _ := next()
		if errors.Is(err, store.ErrCompacted) {
			if _, _, more := next(); more {
				t.Error("the watch goes on after ErrCompacted")
			}
			break
		}
		if err != nil || c.Revision != at+1 {
			t.Fatalf("Watch: revision %d, %v after %d", c.Revision, err, at)
		}
		m.apply(c)
		at = c.Revision
	}
	if at == end {
		f.equal("what the watch has brought about", m.list(), f.list())
	}
	for _, from := range []store.Revision{-1, end + 1} {
		for _, err := range f.Watch(t.Context(), from) {
			if !errors.Is(err, store.ErrCompacted) {
				t.Errorf("Watch from revision %d: %v", from, err)
			}
			break
		}
	}
}

// watchEnds ends a watch by its context, and by Close once all is seen.
func (s suite) watchEnds(t *testing.T) {
	f := s.fresh(t)
	start := f.view().Revision()
	ctx, cancel := context.WithCancel(t.Context())
	canceled, stop := iter.Pull2(f.Watch(ctx, start))
	defer stop()
	closed, stopClosed := iter.Pull2(f.Watch(t.Context(), start))
	defer stopClosed()
	f.add(named(1))
	f.follow(shadow{}, canceled, start, start+1)
	cancel()
	if _, err, _ := canceled(); !errors.Is(err, context.Canceled) {
		t.Errorf("Watch: %v", err)
	}
	waiting := make(chan error)
	go func() {
		for _, err := range f.Watch(t.Context(), start+1) {
			waiting <- err
		}
		close(waiting)
	}()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; !errors.Is(err, store.ErrClosed) {
		t.Errorf("a watch that waits: %v", err)
	}
	if _, more := <-waiting; more {
		t.Error("a watch goes on after ErrClosed")
	}
	f.follow(shadow{}, closed, start, start+1)
	if _, err, _ := closed(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a watch that has seen all: %v", err)
	}
}
