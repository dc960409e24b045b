package control_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/memory"
)

// bench is an importer over a store that follows the scripts of an emulator, whose clock stands still at noon.
type bench struct {
	testing.TB
	*control.Emulator
	store  store.Store
	im     *importer.Importer
	events *eventtest.Recorder
	dir    string
}

func newBench(t testing.TB, configure ...func(*importer.Config)) *bench {
	t.Helper()
	b := &bench{TB: t, events: eventtest.NewRecorder(), dir: t.TempDir()}
	var err error
	b.Emulator, err = control.New(b.events.Sink)
	must(t, err)
	must(t, b.Clock.Set(noon))
	b.Clock.Freeze()
	b.store, err = memory.Open(new(memory.Disk))
	must(t, err)
	t.Cleanup(func() { b.store.Close() })
	cfg := importer.Config{
		MountPoints: []string{b.dir}, SpoolDir: filepath.Join(t.TempDir(), "spool"), AllowPrivate: true, SpoolReserve: 1,
		Script: b.Scripts.Next, Now: b.Clock.Now, Events: b.events.Sink,
	}
	for _, f := range configure {
		f(&cfg)
	}
	b.im, err = importer.New(b.store, cfg)
	must(t, err)
	t.Cleanup(func() { b.im.Close() })
	return b
}

// files are one that can be loaded, one that cannot, and one that is missing.
func (b *bench) files() (good, bad, missing database.Source) {
	b.Helper()
	source := func(name string) database.Source {
		return database.Source{Type: database.SourceMountPoint, Location: filepath.Join(b.dir, name)}
	}
	good, bad, missing = source("good.rdb"), source("bad.rdb"), source("missing.rdb")
	content, err := os.ReadFile("../../examples/sessions.rdb")
	must(b, err)
	must(b, os.WriteFile(good.Location, content, 0o600))
	must(b, os.WriteFile(bad.Location, content[:len(content)-1], 0o600))
	return good, bad, missing
}

// create makes a database and returns its uid.
func (b *bench) create() int {
	b.Helper()
	db, err := database.New(0, "redis", database.Simulated, database.Change{Name: new("test")}, nil, noon)
	must(b, err)
	db, err = store.Create(b.Context(), b.store, db)
	must(b, err)
	return db.UID
}

// start begins an import as a request does.
func (b *bench) start(uid int, src database.Source) error {
	b.Scripts.Settle(b.Context(), uid, false)
	run := b.im.NewRun()
	db, err := b.update(uid, func(db *database.Database) error { return db.StartImport(nil, []database.Source{src}, run) })
	if err == nil {
		b.im.Start(db)
	}
	return err
}

// reset resets the import status as a request does.
func (b *bench) reset(uid int) error {
	b.Scripts.Settle(b.Context(), uid, false)
	_, err := b.update(uid, func(db *database.Database) error { return db.ResetImportStatus(nil) })
	return err
}

func (b *bench) update(uid int, rule func(*database.Database) error) (*database.Database, error) {
	return store.Update(b.Context(), b.store, store.Databases, uid, rule)
}

// poll reads a database as a GET does.
func (b *bench) poll(uid int) database.Import {
	b.Helper()
	b.Scripts.Settle(b.Context(), uid, true)
	return b.read(uid)
}

func (b *bench) read(uid int) database.Import {
	b.Helper()
	db, err := store.Get(b.Context(), b.store, store.Databases, uid)
	must(b, err)
	must(b, db.Check())
	return db.Import
}

// wantAt holds an import against a status and a progress.
func (b *bench) wantAt(got database.Import, status database.ImportStatus, progress float64) {
	b.Helper()
	if got.Status != status || got.Progress != progress {
		b.Errorf("%s at %v, want %s at %v", got.Status, got.Progress, status, progress)
	}
}

func (b *bench) wantSuccess(got database.Import) {
	b.Helper()
	b.wantAt(got, database.ImportSucceeded, 100)
}

func (b *bench) wantFailure(got database.Import, reason database.FailureReason, progress float64) {
	b.Helper()
	if b.wantAt(got, database.ImportFailed, progress); got.FailureReason != reason {
		b.Errorf("it failed with %q, want %q", got.FailureReason, reason)
	}
}

// failed waits for the failure of an import into uid.
func (b *bench) failed(uid int) event.ImportFailed {
	b.Helper()
	return eventtest.Wait(b.TB, b.events, func(e event.ImportFailed) bool { return e.UID == uid })
}

func wantBusy(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, database.ErrBusy) {
		t.Errorf("got %v, want %v", err, database.ErrBusy)
	}
}
