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
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/store"
)

// endless returns a sparse file of a list with countless empty elements, whose check would take the better part of an hour,
// and makes the importer call checking when that begins: this is when it looks at the domain clock.
func endless(checking func()) (func(*importer.Config), func(*bench) database.Source) {
	const elements = 1 << 38
	configure := func(c *importer.Config) {
		c.MaxFile = elements * 2
		c.Now = func() time.Time {
			checking()
			return now
		}
	}
	return configure, func(b *bench) database.Source {
		b.Helper()
		d := newDump().raw(byte(rdb.TypeList)).text("list").raw(0x81)
		src := b.file("endless.rdb", binary.BigEndian.AppendUint64(d.b, elements))
		if err := os.Truncate(src.Location, elements); err != nil {
			b.Fatal(err)
		}
		return src
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

func TestParallelDownloads(t *testing.T) {
	b := newBench(t, func(c *importer.Config) { c.Downloads = 2 })
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
	db, _ := b.run(b.file("a.rdb", newDump().set("a", "1", 0).end())) // which waits for none of them
	b.wantSuccess(db)
	close(s.release)
	for _, uid := range uids {
		b.ended(uid)
		b.wantSuccess(b.get(uid))
	}
	if n := s.most.Load(); n != 2 {
		t.Errorf("%d imports at once, want 2", n)
	}
}

// TestParallelLoads: what is downloaded waits for its turn to be loaded, and holds its place among the downloads meanwhile, so
// that the spool does not fill.
func TestParallelLoads(t *testing.T) {
	loading, release := make(chan struct{}, 10), make(chan struct{})
	var now, most atomic.Int32
	b := newBench(t, func(c *importer.Config) {
		c.Downloads, c.Loads = 1, 2
		c.Sink = func(context.Context, *importer.Opening) (importer.Sink, error) {
			most.Store(max(most.Load(), now.Add(1)))
			r := newRecorder()
			r.onKey = func(context.Context, *rdb.Key) error {
				loading <- struct{}{}
				<-release
				now.Add(-1)
				return nil
			}
			return r, nil
		}
	})
	content := newDump().set("a", "1", 0).end()
	s := newStalling(t, content)
	close(s.release)
	var uids []int
	for _, src := range []database.Source{b.file("a.rdb", content), b.file("a.rdb", content), web(s.URL), web(s.URL)} {
		uids = append(uids, b.create(0))
		b.start(uids[len(uids)-1], src)
		if len(uids) <= 2 {
			<-loading
		}
	}
	<-s.arrived
	if len(s.arrived) > 0 {
		t.Error("a second download has begun")
	}
	close(release)
	for _, uid := range uids {
		b.ended(uid)
		b.wantSuccess(b.get(uid))
	}
	if n := most.Load(); n != 2 {
		t.Errorf("%d loads at once, want 2", n)
	}
}

// TestProgress: reports come a few times a second by the machine's clock, while the domain clock stands still.
func TestProgress(t *testing.T) {
	d := newDump()
	for i := range 4000 {
		d.set(fmt.Sprintf("key %d", i), strings.Repeat(fmt.Sprint(i), 500), 0)
	}
	content := d.end()
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		b := newBench(t, r.configure)
		b.im.SetReportEvery(importer.ReportEvery)
		uid := b.create(0)
		var seen []float64
		r.onKey = func(context.Context, *rdb.Key) error {
			time.Sleep(2 * time.Millisecond)
			db := b.get(uid)
			if db.Import.Status != database.ImportImporting {
				t.Errorf("%s while keys are loaded", db.Import.Status)
			}
			seen = append(seen, db.Import.Progress)
			return nil
		}
		began := time.Now()
		b.start(uid, b.file("a.rdb", content), b.file("b.rdb.gz", zip(t, content)))
		b.ended(uid)
		took := time.Since(began)
		b.wantSuccess(b.get(uid))
		distinct := slices.Compact(slices.Clone(seen))
		if !slices.IsSorted(seen) || len(distinct) < 5 || seen[0] > 10 || distinct[len(distinct)-1] >= 100 || distinct[len(distinct)-1] < 80 {
			t.Errorf("progress went %v", distinct)
		}
		if most := 1 + int(took/(250*time.Millisecond)); len(distinct) > most {
			t.Errorf("%d reports in %v", len(distinct), took)
		}
	})
}

func TestSmallFileReportsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		b := newBench(t, r.configure)
		b.im.SetReportEvery(importer.ReportEvery)
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
	})
}

// TestLostRecord takes the record from the run while it checks, and while it loads.
func TestLostRecord(t *testing.T) {
	long := newDump()
	for i := range 3 {
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
			b := newBench(t, r.configure)
			uid := b.create(0)
			r.onKey = func(ctx context.Context, _ *rdb.Key) error {
				lose(b, uid)
				<-ctx.Done()
				return context.Cause(ctx)
			}
			b.start(uid, b.file("a.rdb", content))
			b.wantDropped(uid)
			if len(r.values) > 0 || r.calls[len(r.calls)-1] != "close" {
				t.Errorf("%d keys were loaded, calls %v", len(r.values), r.calls)
			}
		})
		t.Run(how+" while checking", func(t *testing.T) {
			var b *bench
			var uid int
			configure, source := endless(func() { lose(b, uid) })
			b = newBench(t, configure)
			uid = b.create(0)
			b.start(uid, source(b))
			b.wantDropped(uid)
		})
		t.Run(how+" while fetching", func(t *testing.T) {
			b := newBench(t)
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
	for how, lose := range lose {
		t.Run(how+" while it waits", func(t *testing.T) {
			b := newBench(t, func(c *importer.Config) { c.Downloads = 1 })
			s := newStalling(t, content)
			running, waiting := b.create(0), b.create(0)
			b.start(running, web(s.URL))
			<-s.arrived
			b.start(waiting, web(s.URL))
			lose(b, waiting)
			b.wantDropped(waiting)
			close(s.release)
			if n := s.most.Load(); n != 1 {
				t.Errorf("%d downloads at once, want 1", n)
			}
		})
	}
	t.Run("before its turn", func(t *testing.T) {
		b := newBench(t)
		uid := b.create(0)
		b.im.Start(&database.Database{UID: uid, Import: database.Import{Run: database.Run{ID: "run"}}})
		b.wantDropped(uid)
	})
}

func (b *bench) wantDropped(uid int) {
	b.Helper()
	if end, ok := b.ended(uid).(event.RunDropped); !ok || end.Level() != slog.LevelWarn {
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
	b := newBench(t, func(c *importer.Config) { c.Downloads = 1 })
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

func TestCloseDuringCheck(t *testing.T) {
	reached := make(chan struct{})
	configure, source := endless(func() { close(reached) })
	b := newBench(t, configure)
	uid := b.create(0)
	b.start(uid, source(b))
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
	b.update(left, func(db *database.Database) error { return db.ReportProgress("dead", 40, database.Load{}) })
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
	want := []event.RunRecovered{{Operation: "import", UID: left, Run: "dead", Reason: string(database.GeneralError)}}
	if got := eventtest.All[event.RunRecovered](b.events); !slices.Equal(got, want) {
		t.Errorf("recovered %+v, want %+v", got, want)
	}
}
