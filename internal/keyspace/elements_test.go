package keyspace_test

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/keyspace"
	"github.com/reimport/reimport/internal/redistest"
)

const saved = "../importer/rdb/testdata/servers"

// TestElements holds the digests against those that were taken, by another program, from the server that saved the files.
func TestElements(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(saved, "elements.json"))
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]map[string]map[string]struct{ Type, SHA256 string } // file, database, base64 of the key
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Error("no files")
	}
	for file, databases := range files {
		c := load(t, file)
		for db, keys := range databases {
			o := *c.Options()
			if o.DB, err = strconv.Atoi(db); err != nil {
				t.Fatal(err)
			}
			c := redis.NewClient(&o)
			defer c.Close()
			if size, err := c.DBSize(t.Context()).Result(); err != nil || size != int64(len(keys)) {
				t.Errorf("%s, database %s: %d keys, %v, want %d", file, db, size, err, len(keys))
			}
			for encoded, want := range keys {
				name, err := base64.StdEncoding.DecodeString(encoded)
				if err != nil {
					t.Fatal(err)
				}
				kind, digest, err := keyspace.Elements(t.Context(), c, string(name))
				if err != nil || kind != want.Type || digest != want.SHA256 {
					t.Errorf("%s, database %s, key %.60q: got %s, %s, %v; want %s, %s", file, db, name, kind, digest, err, want.Type, want.SHA256)
				}
			}
		}
	}
}

// load starts a server that has loaded a file by itself.
func load(t *testing.T, file string) *redis.Client {
	t.Helper()
	f, err := os.Open(filepath.Join(saved, file+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dump, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(dump)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return redistest.Start(t, "--dir", dir).Client()
}

func TestElementsOfNothing(t *testing.T) {
	c := redistest.Start(t).Client()
	if kind, digest, err := keyspace.Elements(t.Context(), c, "x"); kind != "none" || digest != "" || err != nil {
		t.Errorf("got %s, %s, %v", kind, digest, err)
	}
}

func TestElementsOfFieldsThatExpire(t *testing.T) {
	c := redistest.Start(t).Client()
	do(t, c, "HSET", "hash", "f", "v")
	_, plain, err := keyspace.Elements(t.Context(), c, "hash")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Do(t.Context(), "HPEXPIREAT", "hash", "4102444800123", "FIELDS", 1, "f").Err(); err != nil {
		if !strings.Contains(err.Error(), "unknown command") {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: this server has no fields that expire")
	}
	if _, expires, err := keyspace.Elements(t.Context(), c, "hash"); err != nil || expires == plain {
		t.Errorf("the expiry of a field makes no difference: %v", err)
	}
}
