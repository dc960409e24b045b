package sink_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/redistest"
)

// TestLikeRedis: a Redis that was loaded has what it has when it loads the file by itself.
func TestLikeRedis(t *testing.T) {
	files, err := filepath.Glob("../rdb/testdata/*.rdb")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file := read(t, name)
			s := redistest.Start(t)
			mustLoad(t, s, file)
			if got, want := digest(t, s), loadedBy(t, file); got != want {
				t.Errorf("DEBUG DIGEST %s, want %s", got, want)
			}
		})
	}
}

func digest(t testing.TB, s *redistest.Server) string {
	t.Helper()
	sum, err := s.Client().Do(t.Context(), "DEBUG", "DIGEST").Text()
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// loadedBy returns the digest of a redis-server that has loaded file at its start.
func loadedBy(t testing.TB, file []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return digest(t, redistest.Start(t, "--dir", dir))
}

// TestSeveralFiles: they make one keyspace, in which the last file wins, whatever the form of the values.
func TestSeveralFiles(t *testing.T) {
	s := redistest.Start(t)
	c := s.Client()
	if err := c.MSet(t.Context(), "old", "1", "a", "1").Err(); err != nil {
		t.Fatal(err)
	}
	forms := []func(d *dump, name string){
		func(d *dump, name string) { d.set(name, "short") },
		func(d *dump, name string) { d.set(name, strings.Repeat("long", 4<<10)) },
		func(d *dump, name string) { d.expire(now*2).set(name, "expires") },
		func(d *dump, name string) { d.raw(byte(rdb.TypeList)).text(name).raw(1).text("element") },
	}
	files, digests := make([][]byte, 0, 6), make(map[string]bool)
	for i := range len(forms) + 2 {
		d := newDump()
		for k := range 400 {
			forms[(i+k)%len(forms)](d, fmt.Sprint("key:", k))
		}
		files = append(files, d.raw(254, 15).set(fmt.Sprint("of:", i), "1").end())
	}
	for range 3 {
		mustLoad(t, s, files...)
		digests[digest(t, s)] = true
	}
	if len(digests) != 1 {
		t.Errorf("got %d different keyspaces", len(digests))
	}
	for k := range 400 {
		name, last := fmt.Sprint("key:", k), (len(files)-1+k)%len(forms)
		kind, value := c.Type(t.Context(), name).Val(), c.Get(t.Context(), name).Val()
		if kind != []string{"string", "string", "string", "list"}[last] || value != []string{"short", strings.Repeat("long", 4<<10), "expires", ""}[last] {
			t.Fatalf("%s is a %s, %.20q; want that of the form %d", name, kind, value, last)
		}
	}
}
