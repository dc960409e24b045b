package importer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/keyspace"
	"github.com/reimport/reimport/internal/redistest"
	"github.com/reimport/reimport/internal/store"
)

// local makes a database whose Redis is at endpoint, ready to be imported into.
func (b *bench) local(endpoint database.Endpoint) int {
	b.Helper()
	name, limit := "local", int64(0)
	db, err := database.New(0, "redis", database.Local, database.Change{Name: &name, MemorySize: &limit}, nil, now)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Ready(endpoint); err != nil {
		b.Fatal(err)
	}
	if db, err = store.Create(b.Context(), b.store, db); err != nil {
		b.Fatal(err)
	}
	return db.UID
}

// TestLostConnections: what is lost is loaded again from the beginning, three times at most, and the progress never goes back.
func TestLostConnections(t *testing.T) {
	content := newDump().set("a", "1", 0).set("b", "2", 0).set("c", "3", 0).end()
	for losses := range 5 {
		t.Run(fmt.Sprint(losses), func(t *testing.T) {
			var sinks []*recorder
			var erased, uid, opens int
			var seen []database.Import
			var b *bench
			b = newBench(t, func(c *importer.Config) {
				c.Sink = func(context.Context, *importer.Opening) (importer.Sink, error) {
					if opens++; opens%2 == 0 { // it takes a while to come back
						return nil, sink.ErrConnectionLost
					}
					r, last := newRecorder(), len(sinks) < losses
					r.onKey = func(_ context.Context, k *rdb.Key) error {
						seen = append(seen, b.get(uid).Import)
						if last && string(k.Name) == "c" {
							return fmt.Errorf("%w: reset by peer", sink.ErrConnectionLost)
						}
						return nil
					}
					sinks = append(sinks, r)
					return r, nil
				}
				c.Erase = func(context.Context, *database.Database) error {
					erased++
					return nil
				}
			})
			b.im.SetReportEvery(0)
			uid = b.local(database.Endpoint{Port: 1})
			b.start(uid, b.file("a.rdb", content))
			end, db := b.ended(uid), b.get(uid)
			if !slices.IsSortedFunc(seen, func(a, b database.Import) int { return int(a.Load.Keys - b.Load.Keys) }) {
				t.Errorf("the progress went %+v", seen)
			}
			interrupted := eventtest.All[event.ImportInterrupted](b.events)
			if losses > 3 {
				if b.wantFailed(db, end, database.GeneralError); len(sinks) != 4 || len(interrupted) != 3 || erased != 1 {
					t.Errorf("%d sinks, %d interruptions, erased %d times", len(sinks), len(interrupted), erased)
				}
				return
			}
			b.wantSuccess(db)
			if got := sinks[losses]; len(got.values) != 3 || len(interrupted) != losses || erased != 0 || db.Incomplete {
				t.Errorf("%d keys after %d interruptions, erased %d times, incomplete %v", len(got.values), len(interrupted), erased, db.Incomplete)
			}
			for _, r := range sinks {
				if r.calls[0] != "begin" || r.calls[len(r.calls)-1] != "close" {
					t.Errorf("calls %v", r.calls)
				}
			}
			if l := db.Import.Load; l.Keys != 3 || l.TotalKeys != 3 || l.KeysPerSecond <= 0 || l.SecondsLeft != 0 {
				t.Errorf("it has loaded %+v", l)
			}
		})
	}
}

// wantFailed is wantFailure for a load that had begun.
func (b *bench) wantFailed(db *database.Database, end event.Event, reason database.FailureReason) {
	b.Helper()
	b.failed(end)
	if i := db.Import; i.Status != database.ImportFailed || i.FailureReason != reason || db.Status != database.Active || db.Incomplete {
		b.Errorf("got %+v, %s, incomplete %v; want failed, %s, active", i, db.Status, db.Incomplete, reason)
	}
}

// TestBadEnd: a database that has all keeps it, however its connection ends.
func TestBadEnd(t *testing.T) {
	r := newRecorder()
	r.closing = errors.New("broken pipe")
	b := newBench(t, r.configure, func(c *importer.Config) {
		c.Erase = func(context.Context, *database.Database) error {
			t.Error("it is erased")
			return nil
		}
	})
	uid := b.local(database.Endpoint{Port: 1})
	b.start(uid, b.file("a.rdb", newDump().set("a", "1", 0).end()))
	b.ended(uid)
	b.wantSuccess(b.get(uid))
}

// TestLongLoss: a database that cannot be reached ends its import in the end, before or after its content is erased.
func TestLongLoss(t *testing.T) {
	for opened := range 2 {
		opens := 0
		b := newBench(t, func(c *importer.Config) {
			c.Sink = func(context.Context, *importer.Opening) (importer.Sink, error) {
				if opens++; opens > opened {
					return nil, sink.ErrConnectionLost
				}
				r := newRecorder()
				r.onKey = func(context.Context, *rdb.Key) error { return sink.ErrConnectionLost }
				return r, nil
			}
			c.Erase = func(context.Context, *database.Database) error { return sink.ErrConnectionLost }
		})
		b.im.SetReachWithin(1)
		uid := b.local(database.Endpoint{Port: 1})
		b.start(uid, b.file("a.rdb", newDump().set("a", "1", 0).end()))
		end, db := b.ended(uid), b.get(uid)
		if opened == 0 {
			b.wantFailed(db, end, database.GeneralError)
		} else if !db.Incomplete || db.Status != database.Recovery || db.Import.Status != database.ImportFailed {
			t.Errorf("got %+v", db)
		}
		if erased := eventtest.All[event.ImportErased](b.events); len(erased) != opened || opened == 1 && !errors.Is(erased[0].Err, sink.ErrConnectionLost) {
			t.Errorf("erased: %+v", erased)
		}
	}
}

// into makes all imports load into the Redis at addr.
func into(addr string) func(*importer.Config) {
	opt := &redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1}
	return func(c *importer.Config) {
		c.Sink = func(ctx context.Context, o *importer.Opening) (importer.Sink, error) {
			if o.Err != nil {
				return nil, o.Err
			}
			return sink.NewRedis(ctx, opt, sink.Import{Files: o.Files})
		}
		c.Erase = func(ctx context.Context, _ *database.Database) error { return sink.Erase(ctx, opt) }
	}
}

// manyKeys is a file of about 4 MB.
func manyKeys() []byte {
	d := &dump{[]byte("REDIS0010")} // which every Redis here can load by itself
	for i := range 20_000 {
		d.set(fmt.Sprint("key ", i), strings.Repeat(fmt.Sprint(i), 40), 0)
	}
	return d.raw(byte(rdb.TypeList)).text("list").raw(2).text("a").text("b").end()
}

// interrupted is an import into a real Redis that the relay holds in the middle of its load.
type interrupted struct {
	*bench
	*redistest.Relay
	server *redistest.Server
	uid    int
}

func interrupt(t *testing.T, content []byte) *interrupted {
	t.Helper()
	s := redistest.Start(t)
	r := redistest.NewRelay(t, s.Addr)
	b := newBench(t, into(r.Addr))
	uid := b.local(database.Endpoint{Port: 1})
	if err := s.Client().Set(t.Context(), "old", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	held := r.HoldAfter(2 << 20)
	b.start(uid, b.file("a.rdb", content))
	<-held
	return &interrupted{b, r, s, uid}
}

func (i *interrupted) wantEmpty() {
	i.Helper()
	if n, err := i.server.Client().DBSize(i.Context()).Result(); n != 0 || err != nil {
		i.Errorf("%d keys are left, %v", n, err)
	}
	if erased := eventtest.All[event.ImportErased](i.events); len(erased) != 1 || erased[0].Err != nil {
		i.Errorf("erased: %+v", erased)
	}
}

// TestRestartedRedis: a Redis that is killed and comes back in the middle of a load has all keys in the end.
func TestRestartedRedis(t *testing.T) {
	content := manyKeys()
	i := interrupt(t, content)
	i.server.Kill()
	i.server.Restart()
	i.Cut(0)
	i.ended(i.uid)
	i.wantSuccess(i.get(i.uid))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	differences, err := keyspace.Diff(t.Context(), i.server.Client(), redistest.Start(t, "--dir", dir).Client())
	if len(differences) > 0 || err != nil {
		t.Errorf("%v: %q", err, differences)
	}
}

// TestShutdownWhileLoading: what was loaded before a shutdown is erased.
func TestShutdownWhileLoading(t *testing.T) {
	i := interrupt(t, manyKeys())
	if err := i.im.Close(); err != nil {
		t.Fatal(err)
	}
	end := i.ended(i.uid)
	i.wantFailed(i.get(i.uid), end, database.GeneralError)
	i.wantEmpty()
}

// TestRefusalWhileLoading: what was loaded before the Redis said no is erased.
func TestRefusalWhileLoading(t *testing.T) {
	i := interrupt(t, manyKeys())
	if err := i.server.Client().ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	i.Release()
	end := i.ended(i.uid)
	i.wantFailed(i.get(i.uid), end, database.OutOfMemory)
	i.wantEmpty()
}

// TestImportOfTheSameDatabase: a second import is refused while one runs, and changes nothing of it.
func TestImportOfTheSameDatabase(t *testing.T) {
	i := interrupt(t, manyKeys())
	_, err := store.Update(t.Context(), i.store, store.Databases, i.uid, func(db *database.Database) error {
		return db.StartImport(nil, []database.Source{web("http://192.0.2.1/")}, i.im.NewRun())
	})
	if !errors.Is(err, database.ErrBusy) {
		t.Errorf("got %v, want %v", err, database.ErrBusy)
	}
	i.Release()
	i.ended(i.uid)
	i.wantSuccess(i.get(i.uid))
}
