package sink_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/keyspace"
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
			want := loadedBy(t, file)
			if got, want := digest(t, s), digest(t, want); got != want {
				t.Errorf("DEBUG DIGEST %s, want %s", got, want)
			}
			diff, err := keyspace.Diff(t.Context(), s.Client(), want.Client())
			if err != nil || len(diff) > 0 {
				t.Errorf("they differ: %v %q", err, diff)
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

// loadedBy returns a redis-server that has loaded file at its start.
func loadedBy(t testing.TB, file []byte) *redistest.Server {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return redistest.Start(t, "--dir", dir)
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

// TestLastAccess: a Redis that evicts knows of each key how long ago or how often it was used.
func TestLastAccess(t *testing.T) {
	file := newDump().raw(248, 0x53, 0x88).set("idle", "1").raw(249, 200).set("frequent", "1").end()
	for name, c := range map[string]struct {
		policy, field string
		least, most   int64
	}{"idle": {"allkeys-lru", "IDLETIME", 5000, 6000}, "frequent": {"allkeys-lfu", "FREQ", 190, 200}} {
		s := redistest.Start(t, "--maxmemory-policy", c.policy)
		mustLoad(t, s, file)
		if got, err := s.Client().Do(t.Context(), "OBJECT", c.field, name).Int64(); err != nil || got < c.least || got > c.most {
			t.Errorf("%s is %d, want %d to %d; %v", c.field, got, c.least, c.most, err)
		}
	}
}

// TestSocket: neither a socket nor a password changes anything.
func TestSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	s := redistest.Start(t, "--unixsocket", socket, "--requirepass", "secret")
	o := &redis.Options{Network: "unix", Addr: socket, Password: "secret"}
	if err := load(t.Context(), o, small); err != nil {
		t.Fatal(err)
	}
	if err := load(t.Context(), options(s), small); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("without the password: got %v", err)
	}
}
