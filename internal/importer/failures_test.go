package importer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// TestFailures has one row for each way in which a file ends an import, and its reason.
func TestFailures(t *testing.T) {
	b := newBench(t)
	good := newDump().set("a", "1", 0).end()
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-10] ^= 1 // in the value: only the checksum tells
	zipped := zip(t, good)
	flippedGzip := append([]byte(nil), zipped...)
	flippedGzip[len(flippedGzip)-6] ^= 1
	missing := database.Source{Type: database.SourceMountPoint, Location: filepath.Join(b.dir, "missing")}
	escape, fifo := missing, missing
	escape.Location, fifo.Location = filepath.Join(b.dir, "escape"), filepath.Join(b.dir, "fifo")
	if err := errors.Join(os.Symlink("/etc/passwd", escape.Location), syscall.Mkfifo(fifo.Location, 0o600)); err != nil {
		t.Fatal(err)
	}
	notFound := httptest.NewServer(http.NotFoundHandler())
	defer notFound.Close()
	tooLong := append(newDump().raw(byte(rdb.TypeString)).b, 0x80, 0x20, 0, 0, 1) // 512 MiB and one byte

	for _, test := range []struct {
		name   string
		source database.Source
		want   database.FailureReason
		level  slog.Level
		offset int64 // -1 if it is not known
	}{
		{"missing file", missing, database.DownloadError, slog.LevelWarn, -1},
		{"symlink out of the mount point", escape, database.DownloadError, slog.LevelWarn, -1},
		{"fifo", fifo, database.DownloadError, slog.LevelWarn, -1},
		{"no longer allowed", database.Source{Type: database.SourceMountPoint, Location: "/etc/passwd"}, database.DownloadError, slog.LevelWarn, -1},
		{"not found", web(notFound.URL), database.DownloadError, slog.LevelWarn, -1},
		{"not an rdb file", b.file("text", []byte("this is no dump")), database.FileCorrupted, slog.LevelWarn, 0},
		{"empty file", b.file("empty", nil), database.FileCorrupted, slog.LevelWarn, 0},
		{"truncated", b.file("short", good[:len(good)-1]), database.FileCorrupted, slog.LevelWarn, int64(len(good) - 1)},
		{"bit flipped", b.file("flipped", flipped), database.FileCorrupted, slog.LevelWarn, int64(len(good) - 8)},
		{"trailing bytes", b.file("long", append(good[:len(good):len(good)], 'x')), database.FileCorrupted, slog.LevelWarn, int64(len(good))},
		{"gzip truncated", b.file("short.gz", zipped[:len(zipped)-1]), database.FileCorrupted, slog.LevelWarn, int64(len(good))},
		{"gzip cut in its header", b.file("header.gz", zipped[:5]), database.FileCorrupted, slog.LevelWarn, -1},
		{"gzip bit flipped", b.file("flipped.gz", flippedGzip), database.FileCorrupted, slog.LevelWarn, int64(len(good))},
		{"gzip with trailing bytes", b.file("long.gz", append(zipped[:len(zipped):len(zipped)], 'x')), database.FileCorrupted, slog.LevelWarn, int64(len(good))},
		{"key too long", b.file("key", tooLong), database.KeyTooLong, slog.LevelWarn, 10},
		{"value too long", b.file("value", append(newDump().raw(byte(rdb.TypeString)).text("a").b, 0x80, 0x20, 0, 0, 1)), database.InvalidBulkLength, slog.LevelWarn, 16},
		{"unknown type", b.file("type", newDump().raw(99).text("a").end()), database.FileCorrupted, slog.LevelWarn, 9},
		{"unsupported type", b.file("array", newDump().raw(28).text("a").end()), database.GeneralError, slog.LevelError, 9},
		{"unknown version", b.file("version", []byte("REDIS9999")), database.GeneralError, slog.LevelError, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.TB = t
			db, e := b.run(test.source)
			b.wantFailure(db, test.want)
			end, offset := b.failed(e), int64(-1)
			if end.Offset != nil {
				offset = *end.Offset
			}
			if end.Reason != string(test.want) || end.Level() != test.level || offset != test.offset || end.Source != test.source.Location {
				t.Errorf("got %+v at %d, want %s, %s, offset %d", end, offset, test.level, test.want, test.offset)
			}
		})
	}
}

// TestNoChecksum: what a checksum would vouch for is looked at if there is none.
func TestNoChecksum(t *testing.T) {
	b := newBench(t)
	twice := newDump().set("a", "1", 0).raw(byte(rdb.TypeSet)).text("s").raw(2).text("m").text("m").end()
	db, _ := b.run(b.file("proven", twice))
	b.wantSuccess(db)
	b = newBench(t)
	copy(twice[len(twice)-8:], make([]byte, 8))
	for name, content := range map[string][]byte{"plain": twice, "gzip": zip(t, twice)} {
		db, end := b.run(b.file(name, content))
		b.wantFailure(db, database.FileCorrupted)
		if offset := b.failed(end).Offset; offset == nil || *offset != 36 {
			t.Errorf("%s: it ended with %+v", name, end)
		}
	}
	fine := newDump().set("a", strings.Repeat("x", 2<<20), 0).end()
	copy(fine[len(fine)-8:], make([]byte, 8))
	db, _ = b.run(b.file("fine", fine))
	b.wantSuccess(db)
}

func TestOneBadFileAmongSeveral(t *testing.T) {
	r := newRecorder()
	b := newBench(t, r.configure)
	good := b.file("good.rdb", newDump().set("a", "1", 0).end())
	bad := b.file("bad.rdb", readFixture(t)[:20_000])
	db, end := b.run(good, bad, good)
	b.wantFailure(db, database.FileCorrupted)
	if len(r.calls) > 0 || len(r.values) > 0 {
		t.Errorf("the target was reached: %v, %d keys", r.calls, len(r.values))
	}
	if b.failed(end).Source != bad.Location {
		t.Errorf("it ended with %+v", end)
	}
}

func TestMemoryLimit(t *testing.T) {
	b := newBench(t)
	src := b.file("a.rdb", newDump().set("a", strings.Repeat("x", 10_000), 0).set("old", strings.Repeat("x", 100_000), 1).end())
	limited := func(limit int64, skip bool) *database.Database {
		uid := b.create(limit)
		b.update(uid, func(db *database.Database) error { db.SkipImportAnalyze = skip; return nil })
		b.start(uid, src, src)
		b.ended(uid)
		return b.get(uid)
	}
	db := limited(20_000, false)
	var expected, limit int64
	if _, err := fmt.Sscanf(string(db.Import.FailureReason), "file-larger-than-mem-limit:%d:%d", &expected, &limit); err != nil {
		t.Fatalf("got %s: %v", db.Import.FailureReason, err)
	}
	if expected < 20_000 || expected > 30_000 || limit != 20_000 {
		t.Errorf("got %d, %d: want what the two files' keys take, but the expired ones, and the limit", expected, limit)
	}
	b.wantFailure(db, db.Import.FailureReason)
	b.wantSuccess(limited(expected, false))
	b.wantSuccess(limited(0, false))
	b.wantSuccess(limited(20_000, true))
}

// TestOutgrownMemoryLimit: the check ends where the dataset has outgrown the database, be it in the midst of a value. These
// files are cut off, which a walk to the end would say.
func TestOutgrownMemoryLimit(t *testing.T) {
	b := newBench(t)
	const limit = 1 << 20
	keys, set := newDump(), newDump().raw(byte(rdb.TypeSet)).text("set").raw(0x80, 1, 0, 0, 0)
	for i := range 50_000 {
		keys.set(fmt.Sprint(i), strings.Repeat("x", 50), 0)
		set.text(fmt.Sprint("member", i))
	}
	small := b.file("small", newDump().set("a", "1", 0).end())
	for name, content := range map[string][]byte{"keys": keys.b, "set": set.b, "gzip": zip(t, keys.b)} {
		uid := b.create(limit)
		b.start(uid, small, b.file(name, content))
		b.failed(b.ended(uid))
		db := b.get(uid)
		var expected, told int64
		if _, err := fmt.Sscanf(string(db.Import.FailureReason), "file-larger-than-mem-limit:%d:%d", &expected, &told); err != nil {
			t.Errorf("%s: got %s: %v", name, db.Import.FailureReason, err)
		}
		if expected <= limit || expected > 2*limit || told != limit {
			t.Errorf("%s: got %d, %d: want a little more than the limit, and the limit", name, expected, told)
		}
		b.wantFailure(db, db.Import.FailureReason)
	}
}

// TestCheckBounds: neither a huge file nor a long check holds the other imports.
func TestCheckBounds(t *testing.T) {
	b := newBench(t)
	sparse := b.file("sparse", newDump().b)
	if err := os.Truncate(sparse.Location, 100<<30); err != nil {
		t.Fatal(err)
	}
	db, end := b.run(sparse)
	b.wantFailure(db, database.DownloadError)
	if err := b.failed(end).Err; !strings.Contains(err.Error(), "107374182400 bytes, more than the 68719476736 that may be read") {
		t.Errorf("it ended with %v", err)
	}
	b = newBench(t, func(c *importer.Config) { c.CheckTimeout = 1 })
	db, end = b.run(b.file("a", newDump().set("a", "1", 0).end()))
	b.wantFailure(db, database.GeneralError)
	if err := b.failed(end).Err; !strings.Contains(err.Error(), "the check takes longer than the 1ns allowed") {
		t.Errorf("it ended with %v", err)
	}
}

func TestDownloadBounds(t *testing.T) {
	data := newDump().set("a", "1", 0).end()
	url := serve(t, data)
	b := newBench(t, func(c *importer.Config) { c.MaxDownload = int64(len(data)) })
	db, _ := b.run(web(url))
	b.wantSuccess(db)
	b = newBench(t, func(c *importer.Config) { c.MaxDownload = int64(len(data)) - 1 })
	db, _ = b.run(web(url))
	b.wantFailure(db, database.DownloadError)
	b = newBench(t, func(c *importer.Config) { c.AllowPrivate = false })
	for _, host := range []string{"127.0.0.1", "localhost"} {
		db, _ = b.run(web(strings.Replace(url, "127.0.0.1", host, 1)))
		b.wantFailure(db, database.DownloadError)
	}
}

func TestMaxExpansion(t *testing.T) {
	data := newDump().set("a", strings.Repeat("x", 1000), 0).end()
	b := newBench(t, func(c *importer.Config) { c.MaxExpansion = int64(len(data)) })
	db, _ := b.run(b.file("a.gz", zip(t, data)))
	b.wantSuccess(db)
	b = newBench(t, func(c *importer.Config) { c.MaxExpansion = int64(len(data)) - 1 })
	db, _ = b.run(b.file("a.gz", zip(t, data)))
	b.wantFailure(db, database.GeneralError)
}

// TestSecretsStayOutOfTheLog: neither credentials nor signed queries, be the import good or bad.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	b := newBench(t)
	good := newDump().set("a", "1", 0).end()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "SECRET" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
		} else if r.URL.Path == "/good" {
			w.Write(good)
		} else if r.URL.Path == "/bad" {
			w.Write(good[:15])
		} else {
			http.Redirect(w, r, "http://user:SECRET@127.0.0.1:1/?SECRET", http.StatusFound)
		}
	}))
	defer s.Close()
	with := strings.Replace(s.URL, "http://", "http://user:SECRET@", 1)
	db, _ := b.run(web(with + "/good?SECRET"))
	b.wantSuccess(db)
	for _, url := range []string{with + "/bad?SECRET", with + "/elsewhere?SECRET", "http://user:SECRET@127.0.0.1:1/?SECRET", "http://user:SECRET@exa mple/"} {
		db, _ := b.run(web(url))
		if db.Import.Status != database.ImportFailed {
			t.Errorf("%s: %s", url, db.Import.Status)
		}
	}
	log := b.events.Text()
	if strings.Contains(log, "SECRET") || strings.Contains(log, "user") || !strings.Contains(log, s.URL+"/bad") {
		t.Errorf("the log is %s", log)
	}
}

// TestChangedFile: what the second reading finds is not what was checked.
func TestChangedFile(t *testing.T) {
	checked := newDump().set("a", "1", 0).set("b", strings.Repeat("x", 2<<20), 0).set("c", "3", 0).end()
	for name, later := range map[string][]byte{
		"damaged":             append(append([]byte(nil), checked[:len(checked)-20]...), make([]byte, 20)...),
		"shorter":             checked[:len(checked)/2],
		"other keys":          newDump().set("a", "1", 0).set("b", strings.Repeat("x", 2<<20), 0).end(),
		"value has grown":     newDump().set("a", "1", 0).set("b", strings.Repeat("x", 2<<20+1), 0).set("c", "3", 0).end(),
		"value has shrunk":    newDump().set("a", "1", 0).set("b", strings.Repeat("x", 2<<20-1), 0).set("c", "3", 0).end(),
		"values have shifted": newDump().set("a", "1", 0).set("b", strings.Repeat("x", 2<<20-1), 0).set("c", "33", 0).end(),
		"long value moved":    newDump().set("aa", "1", 0).set("b", strings.Repeat("x", 2<<20), 0).set("c", "3", 0).end(),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder()
			var src database.Source
			b := newBench(t, func(c *importer.Config) {
				c.Sink = func(context.Context, *importer.Opening) (importer.Sink, error) {
					return r, os.WriteFile(src.Location, later, 0o600)
				}
			})
			src = b.file("a.rdb", checked)
			db, _ := b.run(src)
			b.wantFailure(db, database.FileCorrupted)
			for name, v := range r.values {
				if int64(v.value.Len()) > v.key.ValueLen {
					t.Errorf("%s: %d bytes after %d were announced", name, v.value.Len(), v.key.ValueLen)
				}
			}
		})
	}
}

func TestTargetFails(t *testing.T) {
	broken := errors.New("connection reset")
	for name, configure := range map[string]func(*recorder, *importer.Config){
		"at its opening": func(r *recorder, c *importer.Config) {
			c.Sink = func(context.Context, *importer.Opening) (importer.Sink, error) { return nil, broken }
		},
		"at a key": func(r *recorder, _ *importer.Config) {
			r.onKey = func(context.Context, *rdb.Key) error { return broken }
		},
		"by panicking": func(r *recorder, _ *importer.Config) {
			r.onKey = func(context.Context, *rdb.Key) error { panic(broken) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder()
			b := newBench(t, r.configure, func(c *importer.Config) { configure(r, c) })
			db, e := b.run(b.file("a.rdb", newDump().set("a", "1", 0).end()))
			b.wantFailure(db, database.GeneralError)
			end := b.failed(e)
			if !strings.Contains(end.Err.Error(), broken.Error()) || end.Level() != slog.LevelError {
				t.Errorf("it ended with %+v", end)
			}
			if panicked := end.Stack != ""; panicked != (name == "by panicking") || panicked && !strings.Contains(end.Stack, "load.go") {
				t.Errorf("stack: %s", end.Stack)
			}
			if n := len(r.calls); n > 0 && r.calls[n-1] != "close" {
				t.Errorf("calls: %v, want a close at the end", r.calls)
			}
		})
	}
}

// TestSpoolReserve: the event names what is short, so that an operator can mend it.
func TestSpoolReserve(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the space on a disk is asked of Linux alone")
	}
	b := newBench(t, func(c *importer.Config) { c.SpoolReserve = math.MaxInt64 })
	db, e := b.run(web(serve(t, newDump().end())))
	b.wantFailure(db, database.DownloadError)
	if end := b.failed(e); end.Level() != slog.LevelWarn || !strings.Contains(end.Err.Error(), "18 bytes are needed and 9223372036854775807 must stay free") {
		t.Errorf("it ended with %+v", end)
	}
}

func TestSpoolIsLost(t *testing.T) {
	var spool string
	b := newBench(t, func(c *importer.Config) { spool = c.SpoolDir })
	if err := os.RemoveAll(spool); err != nil {
		t.Fatal(err)
	}
	db, _ := b.run(web(serve(t, newDump().end())))
	b.wantFailure(db, database.GeneralError)
}

func TestStoreIsLost(t *testing.T) {
	b := newBench(t)
	uid := b.create(0)
	b.update(uid, func(db *database.Database) error {
		return db.StartImport(nil, []database.Source{web("http://127.0.0.1:1")}, database.Run{ID: "run"})
	})
	db := b.get(uid)
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	b.im.Start(db)
	if end, ok := b.ended(uid).(event.RunNotRecorded); !ok || end.Level() != slog.LevelError {
		t.Errorf("it ended with %+v", end)
	}
}
