package importer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
)

func readFixture(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("rdb/testdata/redis-7.0.rdb")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func zip(t *testing.T, contents ...[]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	for _, content := range contents {
		w := gzip.NewWriter(&buf)
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

// serve serves content whatever is asked for.
func serve(t *testing.T, content []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(content) }))
	t.Cleanup(s.Close)
	return s.URL
}

func TestImport(t *testing.T) {
	b := newBench(t)
	data := readFixture(t)
	half := len(data) / 2
	small := newDump().set("a", "1", 0).end()
	for _, test := range []struct {
		name    string
		sources []database.Source
		keys    int64
		bytes   int
	}{
		{"file", []database.Source{b.file("a.rdb", data)}, 32, len(data)},
		{"url", []database.Source{web(serve(t, data))}, 32, len(data)},
		{"gzip", []database.Source{b.file("a.rdb.gz", zip(t, data))}, 32, len(zip(t, data))},
		{"gzip of several members, named as if plain", []database.Source{b.file("b.rdb", zip(t, data[:half], data[half:]))}, 32, len(zip(t, data[:half], data[half:]))},
		{"gzip by url", []database.Source{web(serve(t, zip(t, small)))}, 1, len(zip(t, small))},
		{"several files", []database.Source{b.file("a.rdb", data), web(serve(t, small)), b.file("c.gz", zip(t, small))}, 34, len(data) + len(small) + len(zip(t, small))},
		{"no keys", []database.Source{b.file("empty.rdb", newDump().end())}, 0, len(newDump().end())},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.TB = t
			db, e := b.run(test.sources...)
			b.wantSuccess(db)
			end, ok := e.(event.ImportSucceeded)
			if !ok || end.Keys != test.keys || end.Bytes != int64(test.bytes) || end.Files != len(test.sources) || end.Level() != slog.LevelInfo {
				t.Errorf("it ended with %+v, want %d keys, %d bytes", e, test.keys, test.bytes)
			}
			simulated := eventtest.Wait(t, b.events, func(e event.ImportSimulated) bool { return e.UID == db.UID })
			if simulated.Keys != test.keys || simulated.Level() != slog.LevelInfo {
				t.Errorf("got %+v, want %d keys", simulated, test.keys)
			}
		})
	}
}

// TestTargetIsGiven compares with what redis-server itself says of the file: see rdb/testdata.
func TestTargetIsGiven(t *testing.T) {
	var want struct {
		Keys []struct {
			DB         int
			Name, Dump []byte
			Expire     int64
		}
		Libraries []string
	}
	text, err := os.ReadFile("rdb/testdata/redis-7.0.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	b := newBench(t, r.configure)
	db, _ := b.run(b.file("a.rdb", zip(t, readFixture(t))))
	b.wantSuccess(db)
	expected := map[string]string{}
	for _, k := range want.Keys {
		expected[fmt.Sprintf("%d/%s", k.DB, k.Name)] = fmt.Sprintf("%d %x", k.Expire, k.Dump)
	}
	if got := r.texts(); !maps.Equal(got, expected) {
		t.Errorf("got %v\nwant %v", got, expected)
	}
	slices.Sort(want.Libraries)
	if got := r.sources(); !slices.Equal(got, want.Libraries) {
		t.Errorf("libraries: got %q\nwant %q", got, want.Libraries)
	}
	if got, want := strings.Join(r.calls, " "), "open begin flush close"; got != want {
		t.Errorf("calls: %s, want %s", got, want)
	}
}

func TestExpiredAndEmptyKeysStayOut(t *testing.T) {
	r := newRecorder()
	b := newBench(t, r.configure)
	ms := now.UnixMilli()
	d := newDump().set("past", "x", ms-1).set("now", "x", ms).set("future", "x", ms+1).set("for ever", "x", 0)
	d.raw(byte(rdb.TypeList)).text("empty").raw(0)
	db, end := b.run(b.file("a.rdb", d.end()))
	b.wantSuccess(db)
	got := r.texts()
	if _, ok := got["0/past"]; ok || len(got) != 3 {
		t.Errorf("got %v", got)
	}
	if end, ok := end.(event.ImportSucceeded); !ok || end.Keys != 3 || end.Expired != 1 || end.Empty != 1 {
		t.Errorf("it ended with %+v", end)
	}
}

// TestLargeValues: longer ones than are held in memory come as a stream, behind their length all the same.
func TestLargeValues(t *testing.T) {
	r := newRecorder()
	b := newBench(t, r.configure)
	d := newDump()
	for i := range 5 {
		d.set(fmt.Sprintf("large %d", i), strings.Repeat("x", 1<<20+i-2), 0).set(fmt.Sprintf("small %d", i), "x", 0)
	}
	d.set("expired", strings.Repeat("x", 2<<20), 1).set("last", strings.Repeat("x", 3<<20), 0)
	db, _ := b.run(b.file("a.rdb", d.end()))
	b.wantSuccess(db)
	if len(r.values) != 11 {
		t.Errorf("%d keys", len(r.values))
	}
	for i := range 5 {
		v := r.values[fmt.Sprintf("0/large %d", i)]
		if v == nil || v.key.ValueLen != int64(5+1<<20+i-2) || int64(v.value.Len()) != v.key.ValueLen {
			t.Errorf("value %d: %+v", i, v)
		}
	}
}

func TestCheckSources(t *testing.T) {
	b := newBench(t)
	ok := database.Source{Type: database.SourceMountPoint, Location: filepath.Join(b.dir, "a.rdb")}
	if err := b.im.CheckSources([]database.Source{ok, web("https://user:SECRET@example.com/")}); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		bad   database.Source
		field string
	}{
		{database.Source{Type: database.SourceMountPoint, Location: "a.rdb"}, "dataset_import_sources[1].path"},
		{web("ftp://user:SECRET@example.com/"), "dataset_import_sources[1].url"},
	} {
		err := b.im.CheckSources([]database.Source{ok, test.bad})
		field, is := errors.AsType[*database.FieldError](err)
		if !is || field.Field != test.field || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("got %v, want %s", err, test.field)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(*importer.Config){
		"no spool directory":     func(c *importer.Config) { c.SpoolDir = "" },
		"relative mount point":   func(c *importer.Config) { c.MountPoints = []string{"mnt"} },
		"negative downloads":     func(c *importer.Config) { c.Downloads = -1 },
		"negative loads":         func(c *importer.Config) { c.Loads = -1 },
		"negative stall":         func(c *importer.Config) { c.Stall = -1 },
		"negative max download":  func(c *importer.Config) { c.MaxDownload = -1 },
		"negative max expansion": func(c *importer.Config) { c.MaxExpansion = -1 },
		"negative max file":      func(c *importer.Config) { c.MaxFile = -1 },
		"negative check timeout": func(c *importer.Config) { c.CheckTimeout = -1 },
		"negative spool reserve": func(c *importer.Config) { c.SpoolReserve = -1 },
	} {
		cfg := importer.Config{SpoolDir: filepath.Join(b.dir, "spool"), Events: func(context.Context, event.Event) {}}
		change(&cfg)
		if _, err := importer.New(b.store, cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
