package storetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// linearizable has writers count two records of different kinds upwards while others read. A read shows at least what
// was answered, or read, before it began, never what nobody has asked for yet, and of both records the same.
func (s suite) linearizable(t *testing.T) {
	const writers, readers, changes = 4, 4, 50
	f := s.fresh(t)
	f.add(named(1))
	f.do(func(tx *store.Tx) error { return store.Users.Put(tx, user(1)) })
	var asked, known atomic.Int64
	learn := func(n int64) {
		for old := known.Load(); n > old && !known.CompareAndSwap(old, n); old = known.Load() {
		}
	}
	read := func() {
		least := known.Load()
		tx := f.view()
		most := asked.Load()
		db, noDB := store.Databases.Get(tx, 1)
		u, noUser := store.Users.Get(tx, user(1).Email)
		if noDB != nil || noUser != nil {
			t.Errorf("records that were answered are not read: %v, %v", noDB, noUser)
			return
		}
		if n := db.MemorySize; n < least || n > most || len(u.PasswordHash) != len(user(1).PasswordHash)+int(n) {
			t.Errorf("read %d and %q, want %d to %d in both", n, u.PasswordHash, least, most)
		}
		learn(db.MemorySize)
	}
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for range readers {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					read()
				}
			}
		})
	}
	for range writers {
		writing.Go(func() {
			for range changes {
				asked.Add(1)
				n, err := f.count()
				if err != nil {
					t.Errorf("Update: %v", err)
					return
				}
				learn(n)
				read()
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	f.equal("changes", f.get(1).MemorySize, int64(writers*changes))
}

// count adds one to both records and returns how many that makes.
func (f *fixture) count() (n int64, err error) {
	err = f.Store.Update(f.t.Context(), func(tx *store.Tx) error {
		db, err := store.Databases.Get(tx, 1)
		if err != nil {
			return err
		}
		u, err := store.Users.Get(tx, user(1).Email)
		if err != nil {
			return err
		}
		db.MemorySize++
		u.PasswordHash += "x"
		n = db.MemorySize
		if err := store.Users.Put(tx, u); err != nil {
			return err
		}
		return store.Databases.Put(tx, db)
	})
	return n, err
}

// shadow is the databases of a store as a watch has brought them about.
type shadow map[int]*database.Database

func (m shadow) apply(c store.Commit) {
	for _, change := range c.Changes {
		db, ok := store.Databases.Of(change)
		switch {
		case !ok:
		case db == nil:
			delete(m, keyOf(change))
		default:
			m[db.UID] = db
		}
	}
}
