package dataplane_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/redistest"
	"github.com/reimport/reimport/internal/store"
)

// fail leaves a part of an import in a database, as an importer does that cannot erase it.
func (b *bench) fail(uid int, before func()) {
	b.Helper()
	run := database.Run{ID: "r", Owner: "o"}
	b.change(uid, func(db *database.Database) error {
		return errors.Join(db.StartImport(nil, []database.Source{{Type: database.SourceURL, Location: "http://x"}}, run), db.BeginLoading("r"))
	})
	b.set(b.record(uid), "part")
	before()
	b.change(uid, func(db *database.Database) error { return db.FailImport("r", database.GeneralError) })
}

// TestIncomplete: what an import that failed has left is gone before the database is active.
func TestIncomplete(t *testing.T) {
	b := newBench(t)
	other := redistest.Start(t)
	uids := []int{b.create(database.Change{}), b.attach(database.Attachment{Network: "tcp", Addr: other.Addr})}
	for _, uid := range uids {
		b.untilStatus(uid, database.Active)
		b.fail(uid, func() {})
		if db := b.untilStatus(uid, database.Active); b.keys(db) != 0 || db.Incomplete {
			t.Errorf("%d keys in %+v", b.keys(db), db)
		}
		eventtest.Wait(t, b.events, func(e event.DatabaseErased) bool { return e.UID == uid })
	}
	// A node that starts has erased it by the time that it answers.
	for _, uid := range uids {
		b.fail(uid, b.kill)
		b.start()
		if db := b.record(uid); db.Status != database.Active || db.Incomplete || b.keys(db) != 0 {
			t.Errorf("after a start: %+v", db)
		}
	}
}

// TestImportUnderWay: a Redis that dies meanwhile is brought back, and neither erased nor made active.
func TestImportUnderWay(t *testing.T) {
	b := newBench(t)
	s := redistest.Start(t)
	uid := b.attach(database.Attachment{Network: "tcp", Addr: s.Addr})
	b.untilStatus(uid, database.Active)
	b.fail(uid, func() {
		s.Kill()
		eventtest.Wait(t, b.events, func(e event.DatabaseMissing) bool { return e.UID == uid })
		s.Restart()
		b.set(b.record(uid), "again")
		b.change(uid, func(db *database.Database) error { return db.ReportProgress("r", 50, database.Load{}) })
		if db := b.record(uid); db.Status != database.ImportPending || b.keys(db) != 1 {
			t.Errorf("%d keys in %+v", b.keys(db), db)
		}
	})
	if db := b.untilStatus(uid, database.Active); b.keys(db) != 0 {
		t.Errorf("%d keys", b.keys(db))
	}
}

func (b *bench) attach(at database.Attachment) int {
	b.Helper()
	return b.insert(database.Attached, at, database.Change{Name: new("attached")})
}

// TestAttached: the record follows a Redis that others run, and nothing changes that.
func TestAttached(t *testing.T) {
	b := newBench(t)
	s := redistest.Start(t, "--requirepass", "secret", "--maxmemory", "77mb")
	s.Kill()
	uid := b.attach(database.Attachment{Network: "tcp", Addr: s.Addr, Password: "secret"})
	eventtest.Wait(t, b.events, func(e event.DatabaseMissing) bool { return e.UID == uid && !e.Lost })
	if db := b.record(uid); db.Status != database.Pending {
		t.Errorf("%+v", db)
	}
	s.Restart()
	db := b.untilStatus(uid, database.Active)
	if db.Endpoint != (database.Endpoint{Host: "127.0.0.1", Port: portOf(t, s)}) {
		t.Errorf("%+v", db.Endpoint)
	}
	b.untilLost(uid, s.Kill)
	s.Restart()
	b.untilStatus(uid, database.Active)
	b.set(db, "k")
	db = b.update(uid, database.Change{MemorySize: new(int64(1 << 30))})
	if got := b.config(db, "maxmemory"); got != strconv.Itoa(77<<20) {
		t.Errorf("maxmemory %s", got)
	}
	b.delete(uid)
	if n := b.keys(db); n != 1 {
		t.Errorf("a delete has left %d keys", n)
	}
	wrong := b.attach(database.Attachment{Network: "tcp", Addr: s.Addr, Password: "other"})
	eventtest.Wait(t, b.events, func(e event.DatabaseMissing) bool {
		return e.UID == wrong && strings.Contains(e.Err.Error(), "WRONGPASS")
	})
	if strings.Contains(b.events.Text(), "secret") {
		t.Error("the log has a password")
	}
}

// TestSocket attaches a Redis that listens on a socket.
func TestSocket(t *testing.T) {
	b := newBench(t)
	path := filepath.Join(shortDir(t), "s")
	redistest.Start(t, "--unixsocket", path)
	uid := b.attach(database.Attachment{Network: "unix", Addr: path})
	if db := b.untilStatus(uid, database.Active); db.Endpoint != (database.Endpoint{Host: path}) || b.keys(db) != 0 {
		t.Errorf("%+v", db.Endpoint)
	}
}

// shortDir is a temporary directory with a path that a socket may have.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// TestReset replaces all records in one transaction, one of them by another database of the same uid.
func TestReset(t *testing.T) {
	b := newBench(t)
	again, gone := b.create(database.Change{}), b.create(database.Change{Name: new("gone")})
	var pids []int
	for _, uid := range []int{again, gone} {
		db := b.untilStatus(uid, database.Active)
		b.set(db, "k")
		pids = append(pids, b.pid(db))
	}
	fresh, err := database.New(again, "", database.Local, database.Change{Name: new("again")}, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	err = b.store.Update(t.Context(), func(tx *store.Tx) error {
		if err := store.Clear(tx); err != nil {
			return err
		}
		_, err := store.Insert(tx, fresh)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db := b.untilStatus(again, database.Active)
	if n := b.keys(db); n != 0 || db.Name != "again" || b.pid(db) == pids[0] {
		t.Errorf("%d keys in %+v", n, db)
	}
	eventtest.Wait(t, b.events, func(e event.DatabaseRemoved) bool { return e.UID == gone })
	for _, pid := range pids {
		if lives(pid) {
			t.Errorf("process %d lives", pid)
		}
	}
	if left, err := os.ReadDir(b.dir); err != nil || len(left) != 1 {
		t.Errorf("%v: left %v", err, left)
	}
}

// TestMany creates and deletes many databases at once, which leave nothing behind.
func TestMany(t *testing.T) {
	b := newBench(t)
	const many = 200
	uids := make([]int, many)
	var creating sync.WaitGroup
	for i := range uids {
		creating.Go(func() { uids[i] = b.create(database.Change{Name: new("db" + strconv.Itoa(i))}) })
	}
	creating.Wait()
	var pids []int
	for _, uid := range uids {
		pids = append(pids, b.pid(b.untilStatus(uid, database.Active)))
	}
	var deleting sync.WaitGroup
	for _, uid := range uids {
		deleting.Go(func() { b.change(uid, (*database.Database).Delete) })
	}
	deleting.Wait()
	for _, uid := range uids {
		b.until(uid, "gone", func(db *database.Database) bool { return db == nil })
	}
	b.noDirectories()
	for _, pid := range pids {
		if lives(pid) {
			t.Errorf("process %d lives", pid)
		}
	}
}

// TestMute: neither a creation nor the end of the plane waits for an answer from who gives none.
func TestMute(t *testing.T) {
	b := newBench(t)
	port := func(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
	b.untilStatus(b.create(database.Change{Port: new(port(mute(t)))}), database.CreationFailed)
	l := mute(t)
	b.attach(database.Attachment{Network: "tcp", Addr: l.Addr().String()})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if b.close(); time.Since(began) > 25*time.Second { // an answer has 30
		t.Errorf("the end took %v", time.Since(began))
	}
}

func mute(t testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
