package node_test

import (
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/redistest"
	"github.com/reimport/reimport/internal/store"
)

// untilActive waits for a database, and returns a client of its Redis.
func untilActive(t testing.TB, n *node.Node, events *eventtest.Recorder, uid int) *redis.Client {
	t.Helper()
	eventtest.Wait(t, events, func(e event.DatabaseReady) bool { return e.UID == uid })
	db, err := store.Get(t.Context(), n.Store(), store.Databases, uid)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: address(db.Endpoint), Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestLocalDatabases: those that the API creates run until they are deleted, the cluster is reset, or the node ends.
func TestLocalDatabases(t *testing.T) {
	redistest.Program(t)
	bothStores(t, func(t *testing.T, cfg node.Config) {
		events := eventtest.NewRecorder()
		cfg.DataPlane, cfg.Events = node.DataPlaneLocal, events.Sink
		n := open(t, cfg)
		create := func(name string) (uid, pid int, c *redis.Client) {
			var db struct {
				UID    int
				Status string
			}
			events.Reset() // a reset gives uids again
			if err := json.Unmarshal([]byte(want(t, n, "POST", "/v1/bdbs", `{"name": "`+name+`", "memory_size": 0}`, 200)), &db); err != nil || db.Status != "pending" {
				t.Fatalf("%v: %+v", err, db)
			}
			c = untilActive(t, n, events, db.UID)
			return db.UID, processOf(t, c), c
		}
		lives := func(pid int) bool { return syscall.Kill(pid, 0) == nil }
		first, pid, c := create("first")
		if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if answer := want(t, n, "DELETE", path(first), "", 200); !strings.Contains(answer, `"delete-pending"`) {
			t.Error(answer)
		}
		eventtest.Wait(t, events, func(e event.DatabaseRemoved) bool { return e.UID == first })
		if want(t, n, "GET", path(first), "", 404); lives(pid) {
			t.Error("it lives after a delete")
		}
		second, pid, _ := create("second")
		if err := n.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventtest.Wait(t, events, func(e event.DatabaseRemoved) bool { return e.UID == second })
		if lives(pid) {
			t.Error("it lives after a reset")
		}
		if _, pid, _ = create("third"); !lives(pid) {
			t.Error("it does not live")
		}
		if shut(t, n); lives(pid) {
			t.Error("it lives after the node")
		}
	})
}

// TestNoLocalDatabases: without a program, auto makes simulated ones and says why, and local refuses.
func TestNoLocalDatabases(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	events := eventtest.NewRecorder()
	n := open(t, node.Config{Seed: cluster(), DataPlane: node.DataPlaneAuto, Events: events.Sink})
	shut(t, n)
	if e := eventtest.Wait(t, events, func(event.DataPlaneChosen) bool { return true }); e.DataPlane != node.DataPlaneSimulated || e.Why == nil || e.Simulated != 1 {
		t.Errorf("%+v", e)
	}
	for _, plane := range []string{node.DataPlaneLocal, "cloud"} {
		_, err := node.Open(t.Context(), node.Config{Seed: cluster(), DataPlane: plane})
		if wrong, ok := errors.AsType[*node.ConfigError](err); !ok || wrong.Setting != "data-plane" {
			t.Errorf("%s: %v", plane, err)
		}
	}
}

// TestLocalOutlivesKill: the death of a node leaves the Redises, and the next one goes on with them.
func TestLocalOutlivesKill(t *testing.T) {
	redistest.Program(t)
	given := emulated(t)
	events := eventtest.NewRecorder()
	cfg := node.Config{DataDir: t.TempDir(), Seed: given, DataPlane: node.DataPlaneLocal, Events: events.Sink, Passwords: map[string]string{given.Users[0].PasswordHash: password}}
	n := open(t, cfg)
	want(t, n, "POST", "/v1/bdbs", `{"name": "x", "uid": 50, "memory_size": 0}`, 200)
	c := untilActive(t, n, events, 50)
	pid := processOf(t, c)
	if err := errors.Join(c.Set(t.Context(), "k", "v", 0).Err(), n.Kill()); err != nil {
		t.Fatal(err)
	}
	n = open(t, cfg)
	defer shut(t, n)
	eventtest.Wait(t, events, func(e event.RedisAdopted) bool { return e.UID == 50 && e.PID == pid })
	db, err := store.Get(t.Context(), n.Store(), store.Databases, 50)
	if err != nil || db.DataPlane != database.Local {
		t.Errorf("%v: %+v", err, db)
	}
	if found := c.Exists(t.Context(), "k").Val(); found != 1 {
		t.Error("the key is gone")
	}
}

func address(e database.Endpoint) string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

func path(uid int) string { return "/v1/bdbs/" + strconv.Itoa(uid) }

func processOf(t testing.TB, c *redis.Client) int {
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
