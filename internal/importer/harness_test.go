package importer_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// bench is a store, an importer that may read below dir, and its events.
type bench struct {
	testing.TB
	store  store.Store
	im     *importer.Importer
	dir    string
	events *eventtest.Recorder
}

// newBench returns a bench whose importer has a domain clock that stands still and reports no progress, but for what configure
// changes.
func newBench(t testing.TB, configure ...func(*importer.Config)) *bench {
	t.Helper()
	b := &bench{TB: t, dir: t.TempDir(), events: eventtest.NewRecorder()}
	var err error
	if b.store, err = bolt.Open(filepath.Join(t.TempDir(), "test.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	cfg := importer.Config{
		MountPoints: []string{b.dir}, SpoolDir: filepath.Join(t.TempDir(), "spool"), AllowPrivate: true, SpoolReserve: 1,
		Now: func() time.Time { return now }, Events: b.events.Sink,
	}
	for _, f := range configure {
		f(&cfg)
	}
	if b.im, err = importer.New(b.store, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.im.Close() })
	b.im.SetReportEvery(time.Hour) // however slow this machine is
	return b
}

var now = time.UnixMilli(1_800_000_000_000)

// file writes content below dir and returns the source that names it.
func (b *bench) file(name string, content []byte) database.Source {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.Fatal(err)
	}
	return database.Source{Type: database.SourceMountPoint, Location: path}
}

func web(url string) database.Source { return database.Source{Type: database.SourceURL, Location: url} }

// create makes a database with a memory limit in bytes, and returns its uid.
func (b *bench) create(limit int64) int {
	b.Helper()
	name := "test"
	db, err := database.New(0, "redis", database.Simulated, database.Change{Name: &name, MemorySize: &limit}, nil, now)
	if err != nil {
		b.Fatal(err)
	}
	if db, err = store.Create(b.Context(), b.store, db); err != nil {
		b.Fatal(err)
	}
	return db.UID
}

// start begins an import into uid as the server does.
func (b *bench) start(uid int, sources ...database.Source) {
	b.Helper()
	run := b.im.NewRun()
	b.update(uid, func(db *database.Database) error { return db.StartImport(nil, sources, run) })
	b.im.Start(b.get(uid))
}

func (b *bench) update(uid int, rule func(*database.Database) error) {
	b.Helper()
	if _, err := store.Update(context.WithoutCancel(b.Context()), b.store, store.Databases, uid, rule); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) get(uid int) *database.Database {
	b.Helper()
	db, err := store.Get(context.WithoutCancel(b.Context()), b.store, store.Databases, uid)
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// run imports sources into a new database without a limit, to the end, and returns its record and how it ended.
func (b *bench) run(sources ...database.Source) (*database.Database, event.Event) {
	b.Helper()
	uid := b.create(0)
	b.start(uid, sources...)
	end := b.ended(uid)
	return b.get(uid), end
}

// ended waits for the event of the end of the import into uid, which comes once that is on disk.
func (b *bench) ended(uid int) event.Event {
	b.Helper()
	return eventtest.Wait(b.TB, b.events, func(e event.Event) bool {
		switch e := e.(type) {
		case event.ImportSucceeded:
			return e.UID == uid
		case event.ImportFailed:
			return e.UID == uid
		case event.RunNotRecorded:
			return e.UID == uid
		case event.RunDropped:
			return e.UID == uid
		}
		return false
	})
}

// succeeded returns end as the success that it must be.
func (b *bench) succeeded(end event.Event) event.ImportSucceeded {
	b.Helper()
	succeeded, ok := end.(event.ImportSucceeded)
	if !ok {
		b.Fatalf("got %T %+[1]v, want a success", end)
	}
	return succeeded
}

// failed returns end as the failure that it must be.
func (b *bench) failed(end event.Event) event.ImportFailed {
	b.Helper()
	failed, ok := end.(event.ImportFailed)
	if !ok {
		b.Fatalf("got %T %+[1]v, want a failure", end)
	}
	return failed
}

func (b *bench) wantFailure(db *database.Database, reason database.FailureReason) {
	b.Helper()
	if db.Import.Status != database.ImportFailed || db.Import.FailureReason != reason || db.Status != database.Active {
		b.Errorf("got %s, %s, %s; want failed, %s, active", db.Import.Status, db.Import.FailureReason, db.Status, reason)
	}
	if db.Import.Progress != 0 {
		b.Errorf("progress %v: something was loaded", db.Import.Progress)
	}
	if reached := eventtest.All[event.ImportSimulated](b.events); len(reached) > 0 {
		b.Errorf("the target was reached: %+v", reached)
	}
}

func (b *bench) wantSuccess(db *database.Database) {
	b.Helper()
	if i := db.Import; i.Status != database.ImportSucceeded || i.Progress != 100 || i.FailureReason != "" || i.Run != (database.Run{}) || db.Status != database.Active {
		b.Errorf("got %+v, %s; want succeeded, active", i, db.Status)
	}
}

// dump writes RDB files of version 11.
type dump struct{ b []byte }

func newDump() *dump { return &dump{[]byte("REDIS0011")} }

func (d *dump) raw(b ...byte) *dump {
	d.b = append(d.b, b...)
	return d
}

func (d *dump) text(s string) *dump {
	d.b = binary.BigEndian.AppendUint32(append(d.b, 0x80), uint32(len(s)))
	d.b = append(d.b, s...)
	return d
}

// set adds a string; one with an expiry, in milliseconds, if that is not 0.
func (d *dump) set(name, value string, expiry int64) *dump {
	if expiry != 0 {
		d.b = binary.LittleEndian.AppendUint64(d.raw(252).b, uint64(expiry))
	}
	return d.raw(byte(rdb.TypeString)).text(name).text(value)
}

func (d *dump) end() []byte {
	d.raw(255)
	return binary.LittleEndian.AppendUint64(d.b, rdb.CRC64(0, d.b))
}
