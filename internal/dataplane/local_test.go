package dataplane_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
)

func pidOf(t testing.TB, c *redis.Client) int {
	t.Helper()
	text, err := c.Info(t.Context(), "server").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = strings.Cut(text, "process_id:")
	text, _, _ = strings.Cut(text, "\r\n")
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestLife: a local database is created, stopped, brought back and deleted.
func TestLife(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{MemorySize: new(int64(64 << 20))})
	db := b.untilStatus(uid, database.Active)
	b.set(db, "k")
	pid := b.pid(db)
	b.close()
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("process %d after an orderly stop: %v", pid, err)
	}
	b.start()
	again := b.untilStatus(uid, database.Active)
	if n := b.keys(again); n != 1 || again.Endpoint != db.Endpoint {
		t.Errorf("%d keys at %v, was at %v", n, again.Endpoint, db.Endpoint)
	}
	b.delete(uid)
	if left, err := os.ReadDir(b.dir); err != nil || len(left) > 0 {
		t.Errorf("%v: left %v", err, left)
	}
}
