package main_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/importer/dataset"
	"github.com/reimport/reimport/internal/keyspace"
	"github.com/reimport/reimport/internal/redistest"
)

// attachedTo starts a server with one database, which is attached to the Redis behind relay. It may import files below mount.
func attachedTo(t *testing.T, dir, mount string, relay *redistest.Relay) (*process, *client.Client) {
	t.Helper()
	p := serve(t, dir, "--attach", "kept=redis://"+relay.Addr, "--mount-point", mount, "--users", "../../examples/demo.yaml")
	c := p.client("admin@example.com", "demo-admin")
	if _, err := c.WaitCreated(t.Context(), 1, 10*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	return p, c
}

// saved writes a file with a million keys, and returns its path, and the server that has saved it.
func saved(t *testing.T) (path string, oracle *redis.Client) {
	t.Helper()
	s := redistest.Start(t)
	if err := dataset.Small(1_000_000).Fill(s.Addr); err != nil {
		t.Fatal(err)
	}
	oracle = s.Client()
	if err := oracle.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(s.Dir, "dump.rdb"), oracle
}

// TestMillionKeys kills a server in the middle of an import of a million keys. The next one has noted that the import has failed,
// and erased what it has left. Then it imports them all, and each is compared with what redis-server has.
func TestMillionKeys(t *testing.T) {
	t.Parallel()
	target, dir := redistest.Start(t), filepath.Join(t.TempDir(), "data")
	relay := redistest.NewRelay(t, target.Addr)
	path, oracle := saved(t)
	source, err := client.ParseSource(path)
	if err != nil {
		t.Fatal(err)
	}
	p, c := attachedTo(t, dir, filepath.Dir(path), relay)
	held := relay.HoldAfter(10_000_000)
	if err := c.StartImport(t.Context(), 1, source); err != nil {
		t.Fatal(err)
	}
	<-held
	p.end(syscall.SIGKILL)
	relay.Cut(0)
	if n, err := target.Client().DBSize(t.Context()).Result(); n == 0 || err != nil {
		t.Errorf("%d keys, %v: it was not in the middle", n, err)
	}
	_, c = attachedTo(t, dir, filepath.Dir(path), relay)
	endedByServer(t, c, 1)
	active(t, c)
	if info, err := target.Client().Info(t.Context(), "keyspace").Result(); strings.Contains(info, "db0") || err != nil {
		t.Errorf("the target holds %q, %v", info, err)
	}
	if err := c.StartImport(t.Context(), 1, source); err != nil {
		t.Fatal(err)
	}
	state, err := c.WaitImport(t.Context(), 1, time.Second, nil)
	if err != nil || state.Keys != 1_000_000 {
		t.Errorf("got %+v, %v", state, err)
	}
	lines, err := keyspace.Diff(t.Context(), target.Client(), oracle)
	if err != nil || len(lines) > 0 {
		t.Errorf("%q, %v", lines, err)
	}
}

// active waits until database 1 is active.
func active(t *testing.T, c *client.Client) {
	t.Helper()
	look, limit := time.NewTicker(10*time.Millisecond), time.After(30*time.Second)
	defer look.Stop()
	for {
		db, err := c.GetDatabase(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if db.Status == api.BDBStatusActive {
			return
		}
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("after 30 seconds it is %s", db.Status)
		}
	}
}
