package e2e_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/dataset"
	"github.com/reimport/reimport/internal/redistest"
)

const servers = "../importer/rdb/testdata/servers"

// missing says what the log has about a file that Redis 7.0 cannot take. It can take the files of later servers that have only
// what it has itself, though it does not load them by itself.
var missing = map[string][]string{
	"redis-7.2.6-cluster":  {"a set in a form (type 20)", "Redis 7.2.0"},
	"redis-7.4.1-cluster":  {"a set in a form (type 20)", "Redis 7.2.0"},
	"redis-8.0.6-cluster":  {"a set in a form (type 20)", "Redis 7.2.0"},
	"valkey-8.0.1-cluster": {"a set in a form (type 20)", "Redis 7.2.0"},
	"valkey-8.1.1-cluster": {"a set in a form (type 20)", "Redis 7.2.0"},
	"valkey-9.1.2-cluster": {"a set in a form (type 20)", "Redis 7.2.0"},
	"redis-7.4.1-expired":  {"a hash with expiring fields in a form (type 25)", "Redis 7.4.0"},
	"redis-8.0.6-expired":  {"a hash with expiring fields in a form (type 25)", "Redis 7.4.0"},
	"valkey-9.1.2-expired": {"a hash with expiring fields in a form (type 22)", "Valkey 9.0.0"},
	"redis-8.0.6-all":      {"a set in a form (type 20)", "Redis 7.2.0"},
	"valkey-9.1.2-all":     {"a set in a form (type 20)", "Redis 7.2.0"},
}

// TestServers imports what ten server versions have saved, and compares it key by key with what redis-server itself makes of
// the same file, or, if it does not load that, of the file of the same keys that Redis 7.0 has saved.
func TestServers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	files, err := filepath.Glob(filepath.Join(servers, "*.rdb.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	same := make(map[string]*redis.Client)
	for _, about := range []string{"empty", "expired", "lfu", "lru"} {
		if same[about], err = loaded(t, filepath.Join(servers, "redis-7.0.15-"+about+".rdb.gz")); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".rdb.gz")
		t.Run(name, func(t *testing.T) {
			b.TB = t
			b.fill()
			source := b.file("dump.rdb", unpacked(t, path))
			oracle, err := loaded(t, path)
			if err != nil && missing[name] != nil {
				b.says(b.fails("general-error", source), append(missing[name], `key "`)...)
				b.unchanged()
				return
			}
			if err != nil {
				oracle = same[name[strings.LastIndex(name, "-")+1:]]
			}
			if oracle == nil {
				t.Fatal(err)
			}
			b.succeeds(source)
			b.holds(oracle)
		})
	}
}

// loaded returns a server that has loaded the packed file by itself.
func loaded(t *testing.T, path string) (*redis.Client, error) {
	t.Helper()
	return loadedFrom(t, unpacked(t, path))
}

func loadedFrom(t *testing.T, content []byte) (*redis.Client, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := redistest.TryStart(t, "--dir", dir)
	if err != nil {
		return nil, err
	}
	return s.Client(), nil
}

// TestLeftOut: like redis-server, an import leaves out what has expired, and collections without elements.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	content := sealed("\x00\x01a\x01v\xfc\x01\x00\x00\x00\x00\x00\x00\x00\x00\x07expired\x01v\x01\x05empty\x00\x00\x01b\x01v")
	oracle, err := loadedFrom(t, content)
	if err != nil {
		t.Fatal(err)
	}
	b.succeeds(b.file("a.rdb", content))
	b.holds(oracle)
	if n, err := b.redis.DBSize(t.Context()).Result(); n != 2 || err != nil {
		t.Errorf("%d keys, %v", n, err)
	}
}

func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSeveralFiles: one import takes several files, plain and gzip, from disk and from HTTP. Of a key that is in two, the last
// counts.
func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	whole := filepath.Join(servers, "redis-7.0.15-all.rdb.gz")
	oracle, err := loaded(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	few := sealed("\x00\x05a key\x01v\x00\x05twice\x011")
	more := sealed("\x00\x05twice\x012\xfe\x09\x00\x05twice\x013")
	if err := errors.Join(oracle.Set(t.Context(), "a key", "v", 0).Err(), oracle.Set(t.Context(), "twice", "2", 0).Err()); err != nil {
		t.Fatal(err)
	}
	o := *oracle.Options()
	o.DB = 9
	ninth := redis.NewClient(&o)
	defer ninth.Close()
	if err := ninth.Set(t.Context(), "twice", "3", 0).Err(); err != nil {
		t.Fatal(err)
	}
	b.succeeds(b.file("few.rdb", few), b.file("whole.gz", read(t, whole)), b.file("more.rdb", more))
	b.holds(oracle)
}

// TestMixed imports keys of all types and of the sizes that a service would have.
func TestMixed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, oracle := b.saved("mixed.rdb", dataset.Mixed(10_000))
	b.succeeds(path)
	b.holds(oracle)
}

// TestUse: keys are as long unused, or as frequently used, as the file says.
func TestUse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		policy, body, question string
		least, most            int64
	}{
		{"allkeys-lfu", "\xf9\x09\x00\x03key\x01v", "FREQ", 9, 9},
		{"allkeys-lru", "\xf8\x80\x00\x01\x00\x00\x00\x03key\x01v", "IDLETIME", 1 << 16, 1<<16 + 3600},
	} {
		b := newBench(t, "--maxmemory", "1gb", "--maxmemory-policy", test.policy, "--lfu-decay-time", "0")
		b.succeeds(b.file("a.rdb", sealed(test.body)))
		got, err := b.redis.Do(t.Context(), "OBJECT", test.question, "key").Int64()
		if err != nil || got < test.least || got > test.most {
			t.Errorf("%s is %d, %v; want %d", test.question, got, err, test.least)
		}
	}
}
