package dataplane_test

import (
	"context"
	"errors"
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
	st, err := memory.Open(new(memory.Disk))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, store: st, dir: t.TempDir(), events: eventtest.NewRecorder()}
	redistest.Program(t)
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
	db, err := database.New(0, "", plane, c, nil, time.Now())
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

func (b *bench) pid(db *database.Database) int {
	b.Helper()
	return pidOf(b, b.client(db))
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
