package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

func (f *fixture) do(change func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.Store.Update(f.t.Context(), change); err != nil {
		f.t.Fatalf("Update: %v", err)
	}
}

func (f *fixture) view() *store.Tx {
	f.t.Helper()
	tx, err := f.View(f.t.Context())
	if err != nil {
		f.t.Fatalf("View: %v", err)
	}
	return tx
}

func user(n int) *access.User {
	return &access.User{Email: fmt.Sprintf("user%d@example.com/x", n), PasswordHash: "$2a$04$", Role: access.Admin}
}

// kinds keeps records of every kind beside each other.
func (s suite) kinds(t *testing.T) {
	f := s.fresh(t)
	module := database.Bundled()[0]
	f.do(func(tx *store.Tx) error {
		return errors.Join(store.Users.Put(tx, user(1)), store.Modules.Put(tx, &module), store.Databases.Put(tx, full(1)))
	})
	look := func(want *access.User) {
		t.Helper()
		tx := f.view()
		u, err := store.Users.Get(tx, user(1).Email)
		if err != nil {
			t.Fatal(err)
		}
		f.equal("user", u, want)
		f.equal("modules", store.Modules.List(tx), []*database.Module{&module})
		f.equal("databases", store.Databases.List(tx), []*database.Database{full(1)})
	}
	look(user(1))
	f.reopen()
	look(user(1))
	renamed := user(1)
	renamed.Role = access.None
	f.do(func(tx *store.Tx) error { return store.Users.Replace(tx, []access.User{*renamed}) })
	f.do(func(tx *store.Tx) error { return store.Users.Put(tx, user(2)) })
	f.do(func(tx *store.Tx) error { return store.Users.Replace(tx, []access.User{*renamed}) })
	f.equal("number of users", store.Users.Len(f.view()), 1)
	module.Capabilities[0] = "spoiled"
	module = database.Bundled()[0]
	look(renamed)
	f.do(func(tx *store.Tx) error { return store.Modules.Delete(tx, module.UID) })
	if _, err := store.Modules.Get(f.view(), module.UID); !errors.Is(err, database.ErrModuleNotExist) {
		t.Errorf("Get of the deleted module: %v", err)
	}
}

// readsItsOwn has a transaction read what it has written, among what was there.
func (s suite) readsItsOwn(t *testing.T) {
	f := s.fresh(t)
	for uid := range 300 {
		f.add(named(2*uid + 2))
	}
	f.do(func(tx *store.Tx) error {
		written, err := store.Insert(tx, named(3))
		if err != nil {
			return err
		}
		if _, err := store.Insert(tx, named(3)); !errors.Is(err, database.ErrUIDExists) {
			t.Errorf("a second Insert: %v", err)
		}
		read, err := store.Databases.Get(tx, 3)
		f.equal("Get", read, written)
		if err := errors.Join(err, store.Databases.Delete(tx, 2), store.Databases.Delete(tx, 400)); err != nil {
			return err
		}
		if _, err := store.Databases.Get(tx, 2); !errors.Is(err, database.ErrNotExist) {
			t.Errorf("Get of what is deleted: %v", err)
		}
		if err := store.Databases.Delete(tx, 2); !errors.Is(err, database.ErrNotExist) {
			t.Errorf("a second Delete: %v", err)
		}
		var uids []int
		for db := range store.Databases.All(tx) {
			uids = append(uids, db.UID)
		}
		if len(uids) != 299 || !slices.IsSorted(uids) || uids[0] != 3 || slices.Contains(uids, 400) || store.Databases.Len(tx) != 299 {
			t.Errorf("All: %v", uids)
		}
		return nil
	})
	f.equal("what is there afterwards", len(f.list()), 299)
	before := f.view().Revision()
	f.do(func(tx *store.Tx) error {
		return errors.Join(store.Databases.Delete(tx, 3), store.Databases.Put(tx, named(3)))
	})
	f.equal("revision after a change and its undoing", f.view().Revision(), before)
	if err := store.Databases.Put(f.view(), named(1)); err == nil {
		t.Error("a transaction of View takes a Put")
	}
}

// clear removes everything in a transaction that writes anew, counters included.
func (s suite) clear(t *testing.T) {
	f := s.fresh(t)
	module := database.Bundled()[0]
	f.do(func(tx *store.Tx) error {
		return errors.Join(store.Users.Put(tx, user(1)), store.Modules.Put(tx, &module), store.ReserveUIDs(tx, 40))
	})
	f.add(full(3))
	f.do(func(tx *store.Tx) error {
		if err := errors.Join(store.Clear(tx), store.Users.Put(tx, user(2))); err != nil {
			return err
		}
		next := named(1)
		next.UID = 0
		_, err := store.Insert(tx, next)
		return err
	})
	look := func() {
		t.Helper()
		tx := f.view()
		f.equal("users", store.Users.List(tx), []*access.User{user(2)})
		f.equal("databases", store.Databases.List(tx), []*database.Database{named(1)})
		f.equal("numbers", []int{store.Modules.Len(tx), store.HighestUID(tx)}, []int{0, 1})
	}
	look()
	f.reopen()
	look()
}

// allOrNothing lets a transaction over several kinds fail at its end.
func (s suite) allOrNothing(t *testing.T) {
	f := s.fresh(t)
	f.add(full(1))
	own := errors.New("own")
	for name, end := range map[string]func(tx *store.Tx) error{
		"error":   func(*store.Tx) error { return own },
		"no JSON": func(tx *store.Tx) error { return store.Databases.Put(tx, &database.Database{UID: 9, Name: "\xff"}) },
		"long key": func(tx *store.Tx) error {
			return store.Users.Put(tx, &access.User{Email: strings.Repeat("a", 1<<15)})
		},
	} {
		err := f.Store.Update(t.Context(), func(tx *store.Tx) error {
			err := errors.Join(store.Users.Put(tx, user(1)), store.Databases.Delete(tx, 1), store.Databases.Put(tx, named(2)))
			return errors.Join(err, end(tx))
		})
		if err == nil || name == "error" && !errors.Is(err, own) {
			t.Errorf("%s: Update: %v", name, err)
		}
		f.equal(name+": databases", f.list(), []*database.Database{full(1)})
		f.equal(name+": users", store.Users.Len(f.view()), 0)
	}
	f.reopen()
	f.equal("databases after reopening", f.list(), []*database.Database{full(1)})
}

// viewStands keeps a view while what it shows is changed and deleted.
func (s suite) viewStands(t *testing.T) {
	f := s.fresh(t)
	f.add(full(1))
	f.add(full(2))
	before := f.view()
	f.change(1, func(db *database.Database) error { db.Modules[0].Args = ""; db.Settings["sharding"] = nil; return nil })
	f.drop(2)
	f.add(named(3))
	f.equal("the view", store.Databases.List(before), []*database.Database{full(1), full(2)})
	if after := f.view(); after.Revision() != before.Revision()+3 || store.Databases.Len(after) != 2 {
		t.Errorf("afterwards: revision %d after %d, %d databases", after.Revision(), before.Revision(), store.Databases.Len(after))
	}
}

// revisions go on after a restart.
func (s suite) revisions(t *testing.T) {
	f := s.fresh(t)
	last := f.view().Revision()
	for uid := range 5 {
		f.add(named(uid + 1))
		f.change(uid+1, keep)
		if now := f.view().Revision(); now != last+1 {
			t.Fatalf("revision %d after %d", now, last)
		}
		last++
		f.reopen()
		f.equal("revision after reopening", f.view().Revision(), last)
	}
}

// killed holds after each change that it would outlive the process.
func (s suite) killed(t *testing.T) {
	f := s.fresh(t)
	for uid := range 5 {
		for _, change := range []func(){
			func() { f.add(full(uid + 1)) },
			func() { f.change(uid+1, grow) },
			func() { f.do(func(tx *store.Tx) error { return store.Users.Put(tx, user(uid)) }) },
		} {
			change()
			after, err := func() (*store.Tx, error) {
				s := f.Open(t, f.Kill(t, f.path))
				defer s.Close()
				return s.View(t.Context())
			}()
			if err != nil {
				t.Fatal(err)
			}
			f.equal("revision", after.Revision(), f.view().Revision())
			f.equal("databases", store.Databases.List(after), f.list())
			f.equal("users", store.Users.List(after), store.Users.List(f.view()))
		}
	}
}
