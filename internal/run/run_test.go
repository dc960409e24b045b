package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/run"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/memory"
)

// node is a Runner over a store that others may share.
type node struct {
	testing.TB
	*run.Runner
	store  store.Store
	slots  *run.Slots
	events *eventtest.Recorder

	started, over atomic.Int32 // jobs
}

func newStore(t *testing.T) store.Store {
	t.Helper()
	st, err := memory.Open(new(memory.Disk))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func newNode(t *testing.T, st store.Store, owner string) *node {
	n := &node{TB: t, store: st, slots: run.NewSlots(2), events: eventtest.NewRecorder()}
	n.Runner = run.New(st, owner, n.events.Sink)
	t.Cleanup(func() {
		n.Close()
		if n.over.Load() != n.started.Load() {
			t.Errorf("%d jobs have started, and %d are over", n.started.Load(), n.over.Load())
		}
	})
	return n
}

// record makes a database with an import that belongs to r.
func (n *node) record(r database.Run) (uid int) {
	n.Helper()
	name, size := "test", int64(0)
	db, err := database.New(0, "redis", database.Simulated, database.Change{Name: &name, MemorySize: &size}, nil, time.Now())
	if err == nil {
		db, err = store.Create(n.Context(), n.store, db)
	}
	if err != nil {
		n.Fatal(err)
	}
	n.update(db.UID, func(db *database.Database) error {
		return db.StartImport(nil, []database.Source{{Type: database.SourceMountPoint, Location: "/a.rdb"}}, r)
	})
	return db.UID
}

func (n *node) update(uid int, rule func(*database.Database) error) {
	n.Helper()
	if _, err := store.Update(n.Context(), n.store, store.Databases, uid, rule); err != nil {
		n.Fatal(err)
	}
}

func (n *node) get(uid int) *database.Database {
	n.Helper()
	db, err := store.Get(context.WithoutCancel(n.Context()), n.store, store.Databases, uid)
	if err != nil {
		n.Fatal(err)
	}
	return db
}

// start starts a job on a new database. Its end comes through the channel.
func (n *node) start(do func(context.Context, *database.Database, *run.Turn) error) (uid int, ended <-chan error) {
	n.Helper()
	r, end := n.NewRun(), make(chan error, 1)
	uid = n.record(r)
	n.started.Add(1)
	n.Start(run.Job{
		Operation: "import", UID: uid, Run: r.ID, Slots: n.slots, Do: do, Report: func(why error) { end <- why }, Over: func() { n.over.Add(1) },
		Fail: func(db *database.Database, _ error) error { return db.FailImport(r.ID, database.GeneralError) },
	})
	return uid, end
}

func wait(ctx context.Context, _ *database.Database, _ *run.Turn) error {
	<-ctx.Done()
	return ctx.Err()
}

func (n *node) wantEnded(uid int) {
	n.Helper()
	if db := n.get(uid); db.Import.Status != database.ImportFailed || db.Import.FailureReason != database.GeneralError || db.Status != database.Active {
		n.Errorf("%+v, %s", db.Import, db.Status)
	}
}

func (n *node) wantRunning(uid int) {
	n.Helper()
	if db := n.get(uid); !db.Import.Running() {
		n.Errorf("%+v, %s", db.Import, db.Status)
	}
}

func TestRecover(t *testing.T) {
	n := newNode(t, newStore(t), "a")
	lapsed, lasting := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		run   database.Run
		ended bool
	}{
		"of this node":                        {database.Run{ID: "1", Owner: "a", Lease: lasting}, true},
		"of this node, with a lapsed lease":   {database.Run{ID: "2", Owner: "a", Lease: lapsed}, true},
		"of another node":                     {database.Run{ID: "3", Owner: "b", Lease: lasting}, false},
		"of another node, with a lapsed one":  {database.Run{ID: "4", Owner: "b", Lease: lapsed}, true},
		"of a program that knew of no owners": {database.Run{ID: "5"}, true},
		"of none":                             {database.Run{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			n.TB = t
			n.events.Reset()
			uid := n.record(c.run)
			if err := n.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			told := eventtest.All[event.RunRecovered](n.events)
			if !c.ended {
				n.wantRunning(uid)
				if len(told) > 0 {
					t.Errorf("recovered %+v", told)
				}
				return
			}
			n.wantEnded(uid)
			if want := (event.RunRecovered{Operation: "import", UID: uid, Run: c.run.ID, Reason: "general-error"}); !slices.Equal(told, []event.RunRecovered{want}) {
				t.Errorf("recovered %+v, want %+v", told, want)
			}
		})
	}
}

// TestRecoverMany has more runs than one transaction ends.
func TestRecoverMany(t *testing.T) {
	n := newNode(t, newStore(t), "a")
	var uids []int
	for range 150 {
		uids = append(uids, n.record(n.NewRun()))
	}
	if err := n.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, uid := range uids {
		n.wantEnded(uid)
	}
	if told := eventtest.All[event.RunRecovered](n.events); len(told) != len(uids) {
		t.Errorf("%d were told of, want %d", len(told), len(uids))
	}
}

// TestLease: a run is left alone while its owner lives, however long that is, and ended by another node once its lease has run
// out.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStore(t)
		a, b := newNode(t, st, "a"), newNode(t, st, "b")
		living, ended := a.start(wait)
		dead := b.record(database.Run{ID: "dead", Owner: "c", Lease: time.Now().Add(time.Minute)})
		time.Sleep(time.Minute - time.Second)
		b.wantRunning(dead)
		time.Sleep(30 * time.Second)
		b.wantEnded(dead)
		time.Sleep(time.Hour)
		b.wantRunning(living)
		if lease := b.get(living).Import.Run.Lease; time.Until(lease) < 30*time.Second || time.Until(lease) > time.Minute {
			t.Errorf("it is alive for %v", time.Until(lease))
		}
		told := slices.Concat(eventtest.All[event.RunRecovered](a.events), eventtest.All[event.RunRecovered](b.events))
		if len(told) != 1 || told[0].Run != "dead" {
			t.Errorf("recovered %+v", told)
		}
		a.Close()
		select {
		case err := <-ended:
			if !errors.Is(err, run.ErrShutdown) {
				t.Errorf("it ended with %v", err)
			}
		default:
			t.Error("it has not ended")
		}
		b.wantEnded(living)
	})
}

// TestLost takes the records from runs that wait for nothing else.
func TestLost(t *testing.T) {
	for name, lose := range map[string]func(*store.Tx, *database.Database) error{
		"deleted": func(tx *store.Tx, db *database.Database) error { return store.Databases.Delete(tx, db.UID) },
		"ended": func(tx *store.Tx, db *database.Database) error {
			return errors.Join(db.FailImport(db.Import.Run.ID, database.GeneralError), store.Databases.Put(tx, db))
		},
		"taken over": func(tx *store.Tx, db *database.Database) error {
			db.Import.Run.ID = "another"
			return store.Databases.Put(tx, db)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, newStore(t), "a")
			uid, _ := n.start(wait)
			other, _ := n.start(wait)
			err := n.store.Update(t.Context(), func(tx *store.Tx) error {
				db, err := store.Databases.Get(tx, uid)
				if err != nil {
					return err
				}
				return lose(tx, db)
			})
			if err != nil {
				t.Fatal(err)
			}
			eventtest.Wait(t, n.events, func(e event.RunDropped) bool { return e.UID == uid && e.Operation == "import" })
			n.wantRunning(other)
		})
	}
}

// TestStartAfterOldChanges: what is seen late of a record's past does not end a run.
func TestStartAfterOldChanges(t *testing.T) {
	n := newNode(t, newStore(t), "a")
	for range 200 {
		if _, ended := n.start(func(ctx context.Context, db *database.Database, _ *run.Turn) error {
			id := db.Import.Run.ID
			for _, rule := range []func(*database.Database) error{
				func(db *database.Database) error { return db.BeginLoading(id) },
				func(db *database.Database) error { return db.ReportProgress(id, 50, database.Load{}) },
				func(db *database.Database) error { return db.SucceedImport(id) },
			} {
				if _, err := store.Update(ctx, n.store, store.Databases, db.UID, rule); err != nil {
					return err
				}
			}
			return nil
		}); <-ended != nil {
			t.Fatal("a run has failed")
		}
	}
}

// TestSlots: runs take turns, and one that waits for a turn ends without one at once: if it has lost its record, or at a
// shutdown.
func TestSlots(t *testing.T) {
	n := newNode(t, newStore(t), "a")
	begun, release := make(chan int, 10), make(chan struct{})
	work := func(_ context.Context, db *database.Database, _ *run.Turn) error {
		begun <- db.UID
		<-release
		return errors.New("over")
	}
	var uids []int
	var ends []<-chan error
	for range 7 {
		uid, ended := n.start(work)
		uids, ends = append(uids, uid), append(ends, ended)
	}
	if first, second := <-begun, <-begun; first+second != uids[0]+uids[1] {
		t.Errorf("%d and %d have begun", first, second)
	}
	if err := store.Delete(t.Context(), n.store, store.Databases, uids[2], func(*database.Database) error { return nil }); err != nil {
		t.Fatal(err)
	}
	eventtest.Wait(t, n.events, func(e event.RunDropped) bool { return e.UID == uids[2] })
	if len(begun) > 0 {
		t.Errorf("%d has begun as a third", <-begun)
	}
	release <- struct{}{}
	if next := <-begun; next != uids[3] {
		t.Errorf("%d is the next, want %d", next, uids[3])
	}
	closed := make(chan struct{})
	go func() {
		n.Close()
		close(closed)
	}()
	for i := 4; i < 7; i++ {
		if err := <-ends[i]; !errors.Is(err, run.ErrShutdown) {
			t.Errorf("%d ended with %v", uids[i], err)
		}
		n.wantEnded(uids[i])
	}
	close(release)
	<-closed
	if len(begun) > 0 {
		t.Errorf("%d has begun at the shutdown", <-begun)
	}
}

// TestMove: a turn that moves on is held until it has moved, or given back once and no more.
func TestMove(t *testing.T) {
	n := newNode(t, newStore(t), "a")
	n.slots = run.NewSlots(1)
	next := run.NewSlots(1)
	begun, moved, release := make(chan struct{}, 10), make(chan int, 10), make(chan struct{})
	move := func(ctx context.Context, db *database.Database, turn *run.Turn) error {
		begun <- struct{}{}
		if err := turn.Move(ctx, next); err != nil {
			return err
		}
		moved <- db.UID
		<-release
		turn.Give()
		turn.Give()
		return errors.New("over")
	}
	first, firstEnded := n.start(move)
	if uid := <-moved; uid != first {
		t.Errorf("%d has moved, want %d", uid, first)
	}
	second, _ := n.start(move)
	third, thirdEnded := n.start(func(context.Context, *database.Database, *run.Turn) error { return errors.New("begun") })
	<-begun
	<-begun
	if len(moved) > 0 || len(thirdEnded) > 0 {
		t.Error("two hold one slot")
	}
	release <- struct{}{}
	<-firstEnded
	if uid := <-moved; uid != second {
		t.Errorf("%d has moved, want %d", uid, second)
	}
	if err := <-thirdEnded; err.Error() != "begun" {
		t.Errorf("%d ended with %v", third, err)
	}
	fourth, fourthEnded := n.start(move) // which waits for the second's slot
	<-begun
	n.update(fourth, func(db *database.Database) error { db.Import.Run.ID = "another"; return nil })
	eventtest.Wait(t, n.events, func(e event.RunDropped) bool { return e.UID == fourth })
	fifth, fifthEnded := n.start(func(context.Context, *database.Database, *run.Turn) error { return errors.New("begun") })
	if err := <-fifthEnded; err.Error() != "begun" || len(fourthEnded) > 0 {
		t.Errorf("%d ended with %v", fifth, err)
	}
	close(release)
}

func TestPanic(t *testing.T) {
	n := newNode(t, newStore(t), "a")
	uid, ended := n.start(func(context.Context, *database.Database, *run.Turn) error { panic("broken") })
	p, ok := errors.AsType[*run.Panic](<-ended)
	if !ok || p.Value != "broken" || !strings.Contains(string(p.Stack), "run_test.go") {
		t.Errorf("it ended with %+v", p)
	}
	n.wantEnded(uid)
}

func TestStartAfterClose(t *testing.T) {
	n := newNode(t, newStore(t), "a")
	n.Close()
	uid, ended := n.start(func(context.Context, *database.Database, *run.Turn) error { t.Error("it has begun"); return nil })
	if err := <-ended; !errors.Is(err, run.ErrShutdown) {
		t.Errorf("it ended with %v", err)
	}
	n.wantEnded(uid)
}

func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	identity := func(dir string) string {
		t.Helper()
		id, err := run.Identity(dir)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := identity(dir)
	if again := identity(dir); again != first {
		t.Errorf("%s and then %s", first, again)
	}
	if other := identity(t.TempDir()); other == first {
		t.Error("two directories have the same")
	}
	path := filepath.Join(dir, "node-id")
	if err := os.Truncate(path, 3); err != nil {
		t.Fatal(err)
	}
	if mended := identity(dir); len(mended) != len(first) || mended != identity(dir) {
		t.Errorf("%s after a loss of power", mended)
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if id, err := run.Identity(dir); err == nil {
		t.Errorf("%s of a directory", id)
	}
}
