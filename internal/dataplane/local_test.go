package dataplane_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/dataplane"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/redistest"
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

func (b *bench) pid(db *database.Database) int {
	b.Helper()
	return pidOf(b, b.client(db))
}

// lives reports whether there is a process with this number that has not ended, be it that its parent has not asked how yet.
func lives(pid int) bool {
	stamp, err := dataplane.StampOf(pid)
	return err != nil || stamp != ""
}

func (b *bench) noDirectories() {
	b.Helper()
	if left, err := os.ReadDir(b.dir); err != nil && !os.IsNotExist(err) || len(left) > 0 {
		b.Errorf("%v: left %v", err, left)
	}
}

// TestLife: a local database is created, stopped, brought back and deleted.
func TestLife(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{MemorySize: new(int64(64 << 20))})
	db := b.untilStatus(uid, database.Active)
	b.set(db, "k")
	pid := b.pid(db)
	b.close()
	if lives(pid) {
		t.Errorf("process %d lives after an orderly stop", pid)
	}
	b.start()
	again := b.untilStatus(uid, database.Active)
	if n := b.keys(again); n != 1 || again.Endpoint != db.Endpoint {
		t.Errorf("%d keys at %v, was at %v", n, again.Endpoint, db.Endpoint)
	}
	pid = b.pid(again)
	b.delete(uid)
	b.noDirectories()
	if lives(pid) {
		t.Errorf("process %d lives after a delete", pid)
	}
}

// TestDeath: a Redis that dies is started again, and the record says so meanwhile.
func TestDeath(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{})
	db := b.untilStatus(uid, database.Active)
	b.set(db, "k")
	for range 3 {
		pid := b.pid(b.record(uid))
		b.untilLost(uid, func() {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		})
		again := b.untilStatus(uid, database.Active)
		if n := b.keys(again); n != 0 || b.pid(again) == pid {
			t.Errorf("%d keys, though nothing was kept", n)
		}
	}
	lost := eventtest.Wait(t, b.events, func(e event.DatabaseMissing) bool { return e.UID == uid })
	if !lost.Lost || !strings.Contains(lost.Err.Error(), "killed") {
		t.Errorf("%+v", lost)
	}
}

// TestAdoption: after the death of the plane, the next one goes on with the processes that it has left.
func TestAdoption(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{Settings: settings("authentication_redis_pass", `"a \"b\u00e9"`)})
	db := b.untilStatus(uid, database.Active)
	b.set(db, "k")
	pid := b.pid(db)
	b.kill()
	b.start()
	db = b.untilStatus(uid, database.Active)
	if e := eventtest.Wait(t, b.events, func(e event.RedisAdopted) bool { return true }); e.UID != uid || e.PID != pid || b.pid(db) != pid {
		t.Errorf("%+v, was process %d", e, pid)
	}
	// What changes meanwhile reaches the process too, the password by a new one, which has the data still.
	b.kill()
	b.change(uid, func(db *database.Database) error {
		return db.Update(database.Change{MemorySize: new(int64(50 << 20)), Settings: settings("authentication_redis_pass", `"other"`)}, nil, now)
	})
	b.start()
	db = b.untilStatus(uid, database.Active)
	if got := b.config(db, "maxmemory"); got != "52428800" || b.keys(db) != 1 || lives(pid) {
		t.Errorf("maxmemory %s, process %d lives: %v", got, pid, lives(pid))
	}
	// A process whose record is gone is ended.
	pid = b.pid(db)
	b.kill()
	b.drop(uid)
	b.start()
	if b.noDirectories(); lives(pid) {
		t.Errorf("process %d lives without a record", pid)
	}
}

// TestRecordOfAnother: a record whose process has ended names a number that another process has by now.
func TestRecordOfAnother(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{})
	b.untilStatus(uid, database.Active)
	b.close()
	other := redistest.Start(t)
	pid := pidOf(t, other.Client())
	_, port, _ := net.SplitHostPort(other.Addr)
	record := strconv.Itoa(pid) + "\nnot its stamp\nnot its place\n" + port + "\n"
	if err := os.WriteFile(filepath.Join(b.dir, strconv.Itoa(uid), "process"), []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	if db := b.untilStatus(uid, database.Active); b.pid(db) == pid || len(eventtest.All[event.RedisAdopted](b.events)) > 0 {
		t.Error("it has adopted another's process")
	}
	b.delete(uid)
	if !lives(pid) {
		t.Error("it has ended another's process")
	}
}

// TestCopy: a copy of the directory of a Redis that runs has a Redis of its own.
func TestCopy(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{})
	db := b.untilStatus(uid, database.Active)
	original := b.client(db)
	b.set(db, "k")
	pid, at := b.pid(db), b.dir
	b.kill()
	b.dir = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(b.dir, os.DirFS(at)); err != nil {
		t.Fatal(err)
	}
	b.start()
	db = b.untilStatus(uid, database.Active)
	if b.pid(db) == pid || b.keys(db) != 0 || len(eventtest.All[event.RedisAdopted](b.events)) > 0 {
		t.Error("it has adopted the Redis of the original")
	}
	b.delete(uid)
	if n, err := original.Exists(t.Context(), "k").Result(); n != 1 || err != nil {
		t.Errorf("the original: %d keys, %v", n, err)
	}
	b.close()
	b.dir = at
	b.start() // ends the original, which has no record any more
	if lives(pid) {
		t.Errorf("process %d lives without a record", pid)
	}
}

// TestOptionsOfAnother: what is meant for one database does not reach the Redis that has got its port, nor any before it runs again.
func TestOptionsOfAnother(t *testing.T) {
	b := newBench(t)
	first, second := b.untilStatus(b.create(database.Change{}), database.Active), b.untilStatus(b.create(database.Change{}), database.Active)
	b.set(second, "k")
	stale := first.Clone()
	stale.Endpoint = second.Endpoint
	if err := b.client(stale).FlushAll(t.Context()).Err(); err == nil {
		t.Error("the Redis of another database was emptied")
	}
	if n := b.keys(second); n != 1 {
		t.Errorf("%d keys, want 1", n)
	}
	b.delete(first.UID)
	if err := b.client(first).Ping(t.Context()).Err(); err == nil {
		t.Error("the Redis of a deleted database answers")
	}
}

// TestCreationFails: the record says so, and the event why, in the words of the Redis.
func TestCreationFails(t *testing.T) {
	other := redistest.Start(t, "--requirepass", "x")
	open := redistest.Start(t)
	if err := open.Client().Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		database.Change
		want string
	}{
		"port of a Redis":                 {database.Change{Port: new(portOf(t, open))}, "Address already in use"},
		"port of a Redis with a password": {database.Change{Port: new(portOf(t, other))}, "Address already in use"},
		"setting":                         {database.Change{Settings: settings("eviction_policy", `"no-such-policy"`)}, "maxmemory-policy"},
		"long":                            {database.Change{Settings: settings("authentication_redis_pass", `"`+strings.Repeat("long", 4096)+`"`)}, "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			uid := b.create(c.Change)
			b.untilStatus(uid, database.CreationFailed)
			e := eventtest.Wait(t, b.events, func(e event.CreationFailed) bool { return e.UID == uid })
			if !strings.Contains(e.Err.Error(), c.want) || strings.Contains(b.events.Text(), "longlong") {
				t.Errorf("%v, expected %q", e.Err, c.want)
			}
			b.noDirectories()
			b.delete(uid)
		})
	}
	if n, err := open.Client().DBSize(t.Context()).Result(); n != 1 || err != nil {
		t.Errorf("the other Redis has %d keys, %v", n, err)
	}
}

func TestNoProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if os.Getenv("PATH") == "" {
		t.Fatal("no PATH")
	}
	b := benchWithout(t)
	uid := b.create(database.Change{})
	b.untilStatus(uid, database.CreationFailed)
	eventtest.Wait(t, b.events, func(e event.CreationFailed) bool { return strings.Contains(e.Err.Error(), "no redis-server") })
}

// TestSettings: an update reaches the process.
func TestSettings(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{MemorySize: new(int64(20 << 20))})
	db := b.untilStatus(uid, database.Active)
	pid := b.pid(db)
	if memory, policy := b.config(db, "maxmemory"), b.config(db, "maxmemory-policy"); memory != "20971520" || policy != "volatile-lru" {
		t.Errorf("%s, %s", memory, policy)
	}
	b.set(db, "k")
	free := freePort(t)
	db = b.update(uid, database.Change{
		MemorySize: new(int64(30 << 20)), Port: &free, Settings: settings("authentication_redis_pass", `"secret"`, "eviction_policy", `"noeviction"`),
	})
	memory, policy := b.config(db, "maxmemory"), b.config(db, "maxmemory-policy")
	if memory != "31457280" || policy != "noeviction" || db.Endpoint.Port != free || b.keys(db) != 1 || b.pid(db) != pid {
		t.Errorf("%s, %s at %v", memory, policy, db.Endpoint)
	}
	without := *db
	without.Settings = nil
	if err := b.client(&without).Ping(t.Context()).Err(); err == nil {
		t.Error("it takes clients without a password")
	}
	// The old password and the old port are known to be gone after the death of the plane, too.
	b.kill()
	b.start()
	if db = b.untilStatus(uid, database.Active); b.pid(db) != pid {
		t.Error("it is another process")
	}
	db = b.update(uid, database.Change{Settings: settings("authentication_redis_pass", "null")})
	if err := b.client(db).Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
	b.update(uid, database.Change{Port: new(portOf(t, redistest.Start(t))), Settings: settings("eviction_policy", `"allkeys-lrm"`)})
	for _, name := range []string{"maxmemory-policy", "port"} {
		eventtest.Wait(t, b.events, func(e event.SettingRefused) bool { return e.UID == uid && e.Setting == name })
	}
	if strings.Contains(b.events.Text(), "secret") {
		t.Error("the log has a password")
	}
}

// TestKilledLink: a client that cuts all connections takes no database away.
func TestKilledLink(t *testing.T) {
	b := newBench(t)
	uid := b.create(database.Change{})
	db := b.untilStatus(uid, database.Active)
	if err := b.client(db).Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal").Err(); err != nil {
		t.Fatal(err)
	}
	b.update(uid, database.Change{MemorySize: new(int64(1 << 30))})
	if lost := eventtest.All[event.DatabaseMissing](b.events); len(lost) > 0 || b.config(b.record(uid), "maxmemory") != "1073741824" {
		t.Errorf("%v", lost)
	}
}

// TestPersistence says only what a crash may lose: an orderly stop keeps all.
func TestPersistence(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]json.RawMessage
		kept     int64 // by a crash, once it can be
	}{
		"disabled": {settings("data_persistence", `"disabled"`), 0},
		"snapshot": {settings("data_persistence", `"snapshot"`, "snapshot_policy", `[{"secs": 1, "writes": 1}]`), 1},
		"aof":      {settings("data_persistence", `"aof"`, "aof_policy", `"appendfsync-always"`), 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			uid := b.create(database.Change{Settings: c.settings})
			b.crash(uid, c.kept)
			b.delete(uid)
			// Switched on later, it is the same.
			uid = b.create(database.Change{})
			b.untilStatus(uid, database.Active)
			b.update(uid, database.Change{Settings: c.settings})
			b.crash(uid, c.kept)
		})
	}
}

// crash kills the Redis of a database with one key, after an orderly stop and start, and expects so many keys after that.
func (b *bench) crash(uid int, kept int64) {
	b.Helper()
	b.set(b.untilStatus(uid, database.Active), "k")
	b.close()
	b.start()
	db := b.untilStatus(uid, database.Active)
	if n := b.keys(db); n != 1 {
		b.Fatalf("%d keys after an orderly stop", n)
	}
	b.set(db, "k")
	if kept > 0 {
		b.untilKept(db)
	}
	pid := b.pid(db)
	b.untilLost(uid, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if n := b.keys(b.untilStatus(uid, database.Active)); n != kept {
		b.Errorf("%d keys after a crash, expected %d", n, kept)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func portOf(t testing.TB, s *redistest.Server) int {
	t.Helper()
	_, text, _ := net.SplitHostPort(s.Addr)
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
