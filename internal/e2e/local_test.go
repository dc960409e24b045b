package e2e_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/redistest"
)

// TestLocal follows a new user: a created database gets a Redis, an import puts a dump into it, a broken file leaves that there,
// and a restart brings it back.
func TestLocal(t *testing.T) {
	t.Parallel()
	redistest.Program(t)
	b := newBenchWith(t, func(c *node.Config) { c.DataPlane = node.DataPlaneLocal })
	name := filepath.Join(servers, "redis-7.0.15-all.rdb.gz")
	oracle, err := loaded(t, name)
	if err != nil {
		t.Fatal(err)
	}
	db, err := b.client.CreateDatabase(t.Context(), api.BDBCreate{Name: "local", MemorySize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	b.uid = db.UID
	b.wait(api.BDBStatusActive)
	connect := func() {
		t.Helper()
		if db, err = b.client.GetDatabase(t.Context(), b.uid); err != nil {
			t.Fatal(err)
		}
		b.redis = redis.NewClient(&redis.Options{Addr: db.Endpoint, Protocol: 2, DisableIdentity: true, ReadTimeout: time.Minute})
	}
	connect()
	defer func() { b.redis.Close() }()
	b.succeeds(b.file("all.rdb.gz", read(t, name)))
	b.holds(oracle)
	b.fails("file-corrupted", b.file("bad.rdb", unpacked(t, name)[:100_000]))
	b.holds(oracle)
	if err := b.client.ResetImportStatus(t.Context(), b.uid); err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.wait(api.BDBStatusActive)
	b.redis.Close()
	connect()
	b.holds(oracle)
	if state, err := b.client.ImportStatus(t.Context(), b.uid); err != nil || !state.Idle() {
		t.Errorf("got %+v, %v", state, err)
	}
}
