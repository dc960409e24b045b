package importer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/store"
)

// bench is a store, an importer that may read below dir, and its log.
type bench struct {
	testing.TB
	store *store.Store
	im    *importer.Importer
	dir   string
	log   *logbook
}

// newBench returns a bench whose importer has a clock that stands still, but for what configure changes.
func newBench(t testing.TB, configure ...func(*importer.Config)) *bench {
	t.Helper()
	b := &bench{TB: t, dir: t.TempDir(), log: newLogbook()}
	var err error
	if b.store, err = store.Open(filepath.Join(t.TempDir(), "test.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	cfg := importer.Config{
		MountPoints: []string{b.dir}, SpoolDir: filepath.Join(t.TempDir(), "spool"), AllowPrivate: true, SpoolReserve: 1,
		Now: func() time.Time { return now }, Log: slog.New(slog.NewJSONHandler(b.log, nil)),
	}
	for _, f := range configure {
		f(&cfg)
	}
	if b.im, err = importer.New(b.store, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.im.Close() })
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
	db, err := database.New(0, "redis", database.Change{Name: &name, MemorySize: &limit}, nil, now)
	if err != nil {
		b.Fatal(err)
	}
	if db, err = b.store.Create(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	return db.UID
}

// start begins an import into uid as the server does.
func (b *bench) start(uid int, sources ...database.Source) (run string) {
	b.Helper()
	run = b.im.NewRun()
	b.update(uid, func(db *database.Database) error { return db.StartImport(nil, sources, run) })
	b.im.Start(uid, run)
	return run
}

func (b *bench) update(uid int, rule func(*database.Database) error) {
	b.Helper()
	if _, err := b.store.Update(context.WithoutCancel(b.Context()), uid, rule); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) get(uid int) *database.Database {
	b.Helper()
	db, err := b.store.Get(context.WithoutCancel(b.Context()), uid)
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// run imports sources into a new database without a limit, to the end, and returns its record and the log's last word.
func (b *bench) run(sources ...database.Source) (*database.Database, entry) {
	b.Helper()
	uid := b.create(0)
	b.start(uid, sources...)
	end := b.ended(uid)
	return b.get(uid), end
}

// ended waits until the log tells how the import into uid ended, which it does once that is on disk.
func (b *bench) ended(uid int) entry {
	b.Helper()
	return b.log.wait(b.TB, func(e entry) bool {
		return e["uid"] == float64(uid) && strings.HasPrefix(e["msg"].(string), "import ")
	})
}

func (b *bench) wantFailure(db *database.Database, reason database.FailureReason) {
	b.Helper()
	if db.Import.Status != database.ImportFailed || db.Import.FailureReason != reason || db.Status != database.Active {
		b.Errorf("got %s, %s, %s; want failed, %s, active", db.Import.Status, db.Import.FailureReason, db.Status, reason)
	}
	if db.Import.Progress != 0 {
		b.Errorf("progress %v: something was loaded", db.Import.Progress)
	}
	if b.log.has("simulated") {
		b.Error("the target was reached")
	}
}

func (b *bench) wantSuccess(db *database.Database) {
	b.Helper()
	if i := db.Import; i.Status != database.ImportSucceeded || i.Progress != 100 || i.FailureReason != "" || i.Run != "" || db.Status != database.Active {
		b.Errorf("got %+v, %s; want succeeded, active", i, db.Status)
	}
}

// entry is a line of the log.
type entry map[string]any

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
	all  []entry
	more chan struct{} // closed by the next entry
}

func newLogbook() *logbook { return &logbook{more: make(chan struct{})} }

func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return 0, err
	}
	l.all = append(l.all, e)
	close(l.more)
	l.more = make(chan struct{})
	return l.text.Write(line)
}

func (l *logbook) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func (l *logbook) wait(t testing.TB, matches func(entry) bool) entry {
	t.Helper()
	for seen, limit := 0, time.After(2*time.Minute); ; {
		l.mu.Lock()
		fresh, more := l.all[seen:], l.more
		seen = len(l.all)
		l.mu.Unlock()
		for _, e := range fresh {
			if matches(e) {
				return e
			}
		}
		select {
		case <-more:
		case <-limit:
			t.Fatal("the awaited line was not logged")
		}
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
