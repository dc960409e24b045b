package importer_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/store"
)

// ticking makes the importer's clock go on by step at every look, of which it first tells look, if that is set. The importer
// looks at each read.
func ticking(step time.Duration, look func(n int64)) func(*importer.Config) {
	var n atomic.Int64
	return func(c *importer.Config) {
		c.Now = func() time.Time {
			n := n.Add(1)
			if look != nil {
				look(n)
			}
			return now.Add(time.Duration(n) * step)
		}
	}
}

// stalling serves the first bytes of content and then nothing, until it is released.
type stalling struct {
	*httptest.Server
	arrived chan struct{} // gets one for each request
	release chan struct{}
	now     atomic.Int32 // requests under way
	most    atomic.Int32
}

func newStalling(t *testing.T, content []byte) *stalling {
	t.Helper()
	s := &stalling{arrived: make(chan struct{}, 100), release: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.most.Store(max(s.most.Load(), s.now.Add(1)))
		defer s.now.Add(-1)
		w.Write(content[:5])
		w.(http.Flusher).Flush()
		s.arrived <- struct{}{}
		select {
		case <-s.release:
			w.Write(content[5:])
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestParallelImports(t *testing.T) {
	b := newBench(t)
	s := newStalling(t, newDump().set("a", "1", 0).end())
	var uids []int
	for range 5 {
		uids = append(uids, b.create(0))
		b.start(uids[len(uids)-1], web(s.URL))
	}
	<-s.arrived
	<-s.arrived
	for _, uid := range uids {
		if db := b.get(uid); db.Import.Status != database.ImportInitializing || db.Status != database.ImportPending {
			t.Errorf("%d: %s, %s", uid, db.Import.Status, db.Status)
		}
	}
	close(s.release)
	for _, uid := range uids {
		b.ended(uid)
		b.wantSuccess(b.get(uid))
	}
	if n := s.most.Load(); n != 2 {
		t.Errorf("%d imports at once, want 2", n)
	}
}

func TestProgress(t *testing.T) {
	var looks int64
	r := newRecorder()
	b := newBench(t, r.configure, ticking(100*time.Millisecond, func(n int64) { looks = n }))
	d := newDump()
	for i := range 4000 {
		d.set(fmt.Sprintf("key %d", i), strings.Repeat(fmt.Sprint(i), 500), 0)
	}
	uid := b.create(0)
	var seen []float64
	r.onKey = func(context.Context, *rdb.Key) error {
		db := b.get(uid)
		if db.Import.Status != database.ImportImporting {
			t.Errorf("%s while keys are loaded", db.Import.Status)
		}
		seen = append(seen, db.Import.Progress)
		return nil
	}
	content := d.end()
	b.start(uid, b.file("a.rdb", content), b.file("b.rdb.gz", zip(t, content)))
	b.ended(uid)
	b.wantSuccess(b.get(uid))
	distinct := slices.Compact(slices.Clone(seen))
	if !slices.IsSorted(seen) || len(distinct) < 5 || seen[0] > 10 || distinct[len(distinct)-1] >= 100 || distinct[len(distinct)-1] < 80 {
		t.Errorf("progress went %v", distinct)
	}
	if int64(len(distinct)) > looks/3 { // the third look comes after 300 ms
		t.Errorf("%d reports in %d looks", len(distinct), looks)
	}
}

func TestSmallFileReportsNoProgress(t *testing.T) {
	r := newRecorder()
	b := newBench(t, r.configure)
	uid := b.create(0)
	r.onKey = func(context.Context, *rdb.Key) error {
		if p := b.get(uid).Import.Progress; p != 0 {
			t.Errorf("progress %v", p)
		}
		return nil
	}
	b.start(uid, b.file("a.rdb", readFixture(t)))
	b.ended(uid)
	b.wantSuccess(b.get(uid))
}

// TestLostRecord takes the record from the run while it checks, and while it loads.
func TestLostRecord(t *testing.T) {
	long := newDump()
	for i := range 20 {
		long.set(fmt.Sprintf("key %d", i), strings.Repeat("x", 1<<20), 0)
	}
	content := long.end()
	lose := map[string]func(*bench, int){
		"deleted": func(b *bench, uid int) {
			err := store.Delete(context.Background(), b.store, store.Databases, uid, func(*database.Database) error { return nil })
			if err != nil {
				b.Error(err)
			}
		},
		"taken over": func(b *bench, uid int) {
			b.update(uid, func(db *database.Database) error { db.Import.Run.ID = "another"; return nil })
		},
	}
	for how, lose := range lose {
		t.Run(how+" while loading", func(t *testing.T) {
			r := newRecorder()
			b := newBench(t, r.configure, ticking(time.Second, nil))
			uid := b.create(0)
			once := sync.OnceFunc(func() { lose(b, uid) })
			r.onKey = func(context.Context, *rdb.Key) error { once(); return nil }
			b.start(uid, b.file("a.rdb", content))
			b.wantDropped(uid)
			if len(r.values) > 5 || r.calls[len(r.calls)-1] != "close" {
				t.Errorf("%d keys were loaded, calls %v", len(r.values), r.calls)
			}
		})
		t.Run(how+" while checking", func(t *testing.T) {
			var b *bench
			var uid int
			var looks int64
			b = newBench(t, ticking(time.Second, func(n int64) {
				looks = n
				if n == 10 {
					lose(b, uid)
				}
			}))
			uid = b.create(0)
			b.start(uid, b.file("a.rdb", content))
			b.wantDropped(uid)
			if looks > 12 {
				t.Errorf("it noticed at look %d, the record was lost at 10", looks)
			}
		})
		t.Run(how+" while fetching", func(t *testing.T) {
			b := newBench(t, ticking(time.Second, nil))
			uid := b.create(0)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Write(content[:len(content)/2])
				lose(b, uid)
				w.Write(content[len(content)/2:])
				<-r.Context().Done()
			}))
			defer s.Close()
			b.start(uid, web(s.URL))
			b.wantDropped(uid)
		})
	}
	t.Run("before its turn", func(t *testing.T) {
		b := newBench(t)
		uid := b.create(0)
		b.im.Start(uid, "run")
		b.wantDropped(uid)
	})
}

func (b *bench) wantDropped(uid int) {
	b.Helper()
	if end, ok := b.ended(uid).(event.ImportDropped); !ok || end.Level() != slog.LevelWarn {
		b.Errorf("it ended with %+v", end)
	}
	if db, err := store.Get(context.Background(), b.store, store.Databases, uid); err == nil && db.Import.Status == database.ImportFailed {
		b.Error("the run failed an import that is not its own")
	}
	if told := eventtest.All[event.ImportSimulated](b.events); len(told) > 0 {
		b.Error("the target was told that all is there")
	}
}

func TestCloseDuringDownload(t *testing.T) {
	b := newBench(t, func(c *importer.Config) { c.Parallel = 1 })
	s := newStalling(t, newDump().end())
	running, waiting := b.create(0), b.create(0)
	b.start(running, web(s.URL))
	b.start(waiting, web(s.URL))
	<-s.arrived
	if err := b.im.Close(); err != nil {
		t.Fatal(err)
	}
	late := b.create(0)
	b.start(late, web(s.URL))
	for _, uid := range []int{running, waiting, late} {
		db := b.get(uid)
		b.wantFailure(db, database.GeneralError)
		if end := b.failed(b.ended(uid)); !strings.Contains(end.Err.Error(), "shuts down") {
			t.Errorf("it ended with %+v", end)
		}
	}
}

func TestCloseWhileLoading(t *testing.T) {
	r := newRecorder()
	b := newBench(t, r.configure)
	reached := make(chan struct{})
	r.onKey = func(ctx context.Context, _ *rdb.Key) error {
		close(reached)
		<-ctx.Done()
		return context.Cause(ctx)
	}
	uid := b.create(0)
	b.start(uid, b.file("a.rdb", newDump().set("a", "1", 0).end()))
	<-reached
	if db := b.get(uid); db.Import.Status != database.ImportImporting {
		t.Errorf("got %s", db.Import.Status)
	}
	if err := b.im.Close(); err != nil {
		t.Fatal(err)
	}
	b.wantFailure(b.get(uid), database.GeneralError)
}

// TestCloseAfterLoading: what is loaded is loaded, and the record must say so.
func TestCloseAfterLoading(t *testing.T) {
	r := newRecorder()
	b := newBench(t, r.configure)
	closed := make(chan error)
	r.onClose = func(ctx context.Context) {
		go func() { closed <- b.im.Close() }()
		<-ctx.Done()
	}
	uid := b.create(0)
	b.start(uid, b.file("a.rdb", readFixture(t)))
	if err := <-closed; err != nil {
		t.Error(err)
	}
	b.wantSuccess(b.get(uid))
}

func TestFilesAreClosed(t *testing.T) {
	const open = "/proc/self/fd"
	if _, err := os.Stat(open); err != nil {
		t.Skip("this system does not tell which files are open")
	}
	var spool string
	b := newBench(t, func(c *importer.Config) { spool = c.SpoolDir })
	for _, content := range [][]byte{readFixture(t), readFixture(t)[:1000]} {
		uid := b.create(0)
		b.start(uid, b.file("a.rdb", content), web(serve(t, content)))
		b.ended(uid)
	}
	files, err := os.ReadDir(open)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, err := os.Readlink(filepath.Join(open, f.Name()))
		if err == nil && (strings.HasPrefix(name, b.dir) || strings.HasPrefix(name, spool)) {
			t.Errorf("%s is still open", name)
		}
	}
}

// TestCloseDuringCheck has a sparse file of a list with countless empty elements, whose check would take the better part
// of an hour.
func TestCloseDuringCheck(t *testing.T) {
	const elements = 1 << 38
	reached := make(chan struct{})
	b := newBench(t, ticking(0, func(n int64) {
		if n == 20 {
			close(reached)
		}
	}), func(c *importer.Config) { c.MaxFile = elements * 2 })
	d := newDump().raw(byte(rdb.TypeList)).text("list").raw(0x81)
	src := b.file("a.rdb", binary.BigEndian.AppendUint64(d.b, elements))
	if err := os.Truncate(src.Location, elements); err != nil {
		t.Fatal(err)
	}
	uid := b.create(0)
	b.start(uid, src)
	<-reached
	if err := b.im.Close(); err != nil {
		t.Fatal(err)
	}
	b.wantFailure(b.get(uid), database.GeneralError)
}

func TestRecover(t *testing.T) {
	b := newBench(t)
	left, shown, done := b.create(0), b.create(0), b.create(0)
	src := b.file("a.rdb", newDump().end())
	b.start(done, src)
	b.ended(done)
	b.update(left, func(db *database.Database) error {
		if err := db.StartImport(nil, []database.Source{src}, database.Run{ID: "dead", Owner: "dead"}); err != nil {
			return err
		}
		return db.BeginLoading("dead")
	})
	b.update(left, func(db *database.Database) error { return db.ReportProgress("dead", 40) })
	b.update(shown, func(db *database.Database) error {
		db.Status, db.Import = database.ImportPending, database.Import{Status: database.ImportImporting, Progress: 50}
		return nil
	})
	if err := b.im.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if db := b.get(left); db.Import.Status != database.ImportFailed || db.Import.FailureReason != database.GeneralError ||
		db.Import.Progress != 40 || db.Status != database.Active || db.Import.Run != (database.Run{}) {
		t.Errorf("left by a dead process: %+v, %s", db.Import, db.Status)
	}
	if db := b.get(shown); db.Import.Status != database.ImportImporting || db.Import.Progress != 50 {
		t.Errorf("without a run: %+v", db.Import)
	}
	b.wantSuccess(b.get(done))
	want := []event.ImportRecovered{{UID: left, Run: "dead", Reason: string(database.GeneralError)}}
	if got := eventtest.All[event.ImportRecovered](b.events); !slices.Equal(got, want) {
		t.Errorf("recovered %+v, want %+v", got, want)
	}
}
