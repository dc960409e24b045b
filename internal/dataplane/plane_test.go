package dataplane_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/dataplane"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/redistest"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/memory"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// bench is a store and a directory that planes come and go with.
type bench struct {
	*testing.T
	store  store.Store
	dir    string
	events *eventtest.Recorder
	plane  *dataplane.Plane
}

func newBench(t *testing.T) *bench {
	t.Helper()
	redistest.Program(t)
	return benchWithout(t)
}

// benchWithout is newBench for a test that needs no redis-server.
func benchWithout(t *testing.T) *bench {
	t.Helper()
	st, err := memory.Open(new(memory.Disk))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, store: st, dir: t.TempDir(), events: eventtest.NewRecorder()}
	t.Cleanup(func() {
		if b.plane != nil {
			b.close()
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	b.start()
	return b
}

// start starts a plane on what the one before has left.
func (b *bench) start() {
	b.Helper()
	p, err := dataplane.New(b.store, dataplane.Config{Dir: b.dir, Erase: flush, Events: b.events.Sink})
	if err == nil {
		err = p.Start(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	b.plane = p
}

func (b *bench) close() {
	b.Helper()
	if err := b.plane.Close(); err != nil {
		b.Error(err)
	}
	b.plane = nil
}

func flush(ctx context.Context, o *redis.Options) error {
	c := redis.NewClient(o)
	return errors.Join(c.FlushAll(ctx).Err(), c.Close())
}

// create makes a local database of these settings, which is pending.
func (b *bench) create(c database.Change) int {
	b.Helper()
	if c.Name == nil {
		c.Name = new("test")
	}
	return b.insert(database.Local, database.Attachment{}, c)
}

func (b *bench) insert(plane database.DataPlane, at database.Attachment, c database.Change) int {
	b.Helper()
	db, err := database.New(0, "", plane, c, nil, now)
	if err == nil {
		db.Redis = at
		db, err = store.Create(b.Context(), b.store, db)
	}
	if err != nil {
		b.Fatal(err)
	}
	return db.UID
}

func (b *bench) record(uid int) *database.Database {
	b.Helper()
	db, err := store.Get(b.Context(), b.store, store.Databases, uid)
	if err != nil && !errors.Is(err, database.ErrNotExist) {
		b.Fatal(err)
	}
	return db
}

// until waits for the record of a database to be so; it is nil if it is gone.
func (b *bench) until(uid int, what string, is func(db *database.Database) bool) *database.Database {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	tx, err := b.store.View(ctx)
	if err != nil {
		b.Fatal(err)
	}
	if db := b.record(uid); is(db) {
		return db
	}
	for _, err := range b.store.Watch(ctx, tx.Revision()) {
		if err != nil {
			break
		}
		if db := b.record(uid); is(db) {
			return db
		}
	}
	b.Fatalf("database %d is not %s within 30 seconds: %+v\n%s", uid, what, b.record(uid), b.events.Text())
	return nil
}

func (b *bench) untilStatus(uid int, s database.Status) *database.Database {
	b.Helper()
	return b.until(uid, string(s), func(db *database.Database) bool { return db != nil && db.Status == s })
}

// client returns a client of the database's Redis.
func (b *bench) client(db *database.Database) *redis.Client {
	b.Helper()
	o, err := b.plane.Options(db)
	if err != nil {
		b.Fatal(err)
	}
	c := redis.NewClient(o)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func (b *bench) set(db *database.Database, key string) {
	b.Helper()
	if err := b.client(db).Set(b.Context(), key, "v", 0).Err(); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) keys(db *database.Database) int64 {
	b.Helper()
	n, err := b.client(db).DBSize(b.Context()).Result()
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func (b *bench) change(uid int, rule func(*database.Database) error) {
	b.Helper()
	if _, err := store.Update(b.Context(), b.store, store.Databases, uid, rule); err != nil {
		b.Fatal(err)
	}
}

// delete deletes a database as the API does, and waits until it is gone.
func (b *bench) delete(uid int) {
	b.Helper()
	b.change(uid, (*database.Database).Delete)
	b.until(uid, "gone", func(db *database.Database) bool { return db == nil })
}

// drop removes a record, as a reset does.
func (b *bench) drop(uid int) {
	b.Helper()
	if err := store.Delete(b.Context(), b.store, store.Databases, uid, func(*database.Database) error { return nil }); err != nil {
		b.Fatal(err)
	}
}

// update updates a database as the API does, and returns it when it is active again.
func (b *bench) update(uid int, c database.Change) *database.Database {
	b.Helper()
	b.change(uid, func(db *database.Database) error { return db.Update(c, nil, now) })
	return b.untilStatus(uid, database.Active)
}

// kill ends the plane as its death would.
func (b *bench) kill() {
	b.Helper()
	if err := b.plane.Kill(); err != nil {
		b.Error(err)
	}
	b.plane = nil
}

// untilLost does something, and waits until the record has said that the Redis is lost.
func (b *bench) untilLost(uid int, do func()) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	tx, err := b.store.View(ctx)
	if err != nil {
		b.Fatal(err)
	}
	do()
	for c, err := range b.store.Watch(ctx, tx.Revision()) {
		if err != nil {
			b.Fatalf("database %d is not lost: %v\n%s", uid, err, b.events.Text())
		}
		for _, change := range c.Changes {
			if db, is := store.Databases.Of(change); is && db != nil && db.UID == uid && db.Status == database.Recovery {
				return
			}
		}
	}
}

func (b *bench) config(db *database.Database, directive string) string {
	b.Helper()
	values, err := b.client(db).ConfigGet(b.Context(), directive).Result()
	if err != nil {
		b.Fatal(err)
	}
	return values[directive]
}

// untilKept waits until the Redis has on disk what it has in memory.
func (b *bench) untilKept(db *database.Database) {
	b.Helper()
	c := b.client(db)
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := c.Info(ctx, "persistence").Result()
		if err != nil {
			b.Fatalf("%v\n%s", err, b.events.Text())
		}
		aof := strings.Contains(text, "aof_enabled:1") && strings.Contains(text, "aof_rewrite_in_progress:0") && strings.Contains(text, "aof_rewrite_scheduled:0")
		dump := strings.Contains(text, "rdb_changes_since_last_save:0") && strings.Contains(text, "rdb_bgsave_in_progress:0")
		if aof || dump {
			return
		}
		<-tick.C
	}
}

// settings returns names and their values in JSON as a database has them.
func settings(of ...string) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for ; len(of) > 0; of = of[2:] {
		all[of[0]] = json.RawMessage(of[1])
	}
	return all
}
