package e2e_test

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

// TestTargetSaysNo: a target that stops taking keys in the middle of a load ends the import, and is emptied.
func TestTargetSaysNo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change []any // of the configuration
		want   string
		says   []string
	}{
		{"out of memory", []any{"maxmemory", "1"}, "out-of-memory", []string{"OOM"}},
		{"evicts", []any{"maxmemory", "3mb", "maxmemory-policy", "allkeys-random"}, "out-of-memory", []string{"evicted"}},
		{"too few replicas", []any{"min-replicas-to-write", "1"}, "general-error", []string{"NOREPLICAS"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.fill()
			path, oracle := b.many(loadSize)
			b.held(path)
			b.do(append([]any{"CONFIG", "SET"}, test.change...)...)
			b.relay.Release()
			b.says(b.failed(test.want), test.says...)
			b.do("CONFIG", "SET", "maxmemory", "0", "min-replicas-to-write", "0")
			b.empty()
			b.succeeds(path)
			b.holds(oracle)
		})
	}
}

// TestTargetTurnsReadOnly: a target that cannot be emptied is as soon as it can be, and only then is the database active.
func TestTargetTurnsReadOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, oracle := b.many(loadSize)
	b.held(path)
	b.do("REPLICAOF", "127.0.0.1", "1")
	b.relay.Release()
	b.says(b.failed("general-error"), "READONLY")
	b.wait(api.BDBStatusRecovery)
	if n, err := b.redis.DBSize(t.Context()).Result(); n == 0 || err != nil {
		t.Errorf("%d keys, %v: nothing was left to erase", n, err)
	}
	b.do("REPLICAOF", "NO", "ONE")
	b.empty()
	b.succeeds(path)
	b.holds(oracle)
}

// TestPasswordChanges in the middle of a load: Redis lets the connections that it has go on, and takes no new ones.
func TestPasswordChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, _ := b.many(loadSize)
	b.held(path)
	b.do("CONFIG", "SET", "requirepass", "SECRET")
	b.relay.Cut(0)
	b.says(b.failed("general-error"), "NOAUTH")
	b.wait(api.BDBStatusRecovery)
	c := redis.NewClient(&redis.Options{Addr: b.target.Addr, Password: "SECRET"})
	defer c.Close()
	if n, err := c.DBSize(t.Context()).Result(); n == 0 || err != nil {
		t.Errorf("%d keys, %v: nothing was left to erase", n, err)
	}
	if err := c.ConfigSet(t.Context(), "requirepass", "").Err(); err != nil {
		t.Fatal(err)
	}
	b.empty()
	b.succeeds(path)
}

// TestBadValue: only the target finds out that a value is broken, among many that are not. The log names the key.
func TestBadValue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	body := "\xfe\x02"
	for _, name := range "abcdefghij" {
		body += "\x00\x01" + string(name) + "\x01v"
	}
	body += "\x02\x03bad\x02\x01m\x01m" // a set with the same member twice
	path := b.file("bad.rdb", sealed(body+"\x00\x04last\x01v"))
	b.says(b.fails("general-error", path), `"bad"`, "database 2", "Bad data format")
	b.empty()
}

// TestBusy: an import, a reset, a change and the deletion of a database into which one loads are refused.
func TestBusy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path, oracle := b.many(loadSize)
	b.held(path)
	source, err := client.ParseSource(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(1 << 30)
	for what, act := range map[string]func() error{
		"import": func() error { return b.client.StartImport(t.Context(), b.uid, source) },
		"reset":  func() error { return b.client.ResetImportStatus(t.Context(), b.uid) },
		"delete": func() error { _, err := b.client.DeleteDatabase(t.Context(), b.uid); return err },
		"update": func() error {
			_, err := b.client.UpdateDatabase(t.Context(), b.uid, api.BDBUpdate{MemorySize: &size})
			return err
		},
	} {
		if err := act(); !errors.Is(err, client.ErrBusy) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	b.relay.Release()
	b.succeeded()
	b.holds(oracle)
	if err := b.client.ResetImportStatus(t.Context(), b.uid); err != nil {
		t.Error(err)
	}
	b.holds(oracle)
}
