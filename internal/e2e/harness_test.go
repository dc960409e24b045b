// Package e2e has the tests of imports into real Redises, through a whole node: over HTTP, with the client.
package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/dataset"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/keyspace"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/redistest"
	"github.com/reimport/reimport/internal/seed"
)

// bench is a node with one database, which is attached to a Redis through a relay, and a client of the node.
type bench struct {
	testing.TB
	uid    int // of the database
	cfg    node.Config
	node   *node.Node
	client *client.Client
	events *eventtest.Recorder
	target *redistest.Server
	redis  *redis.Client // of the target, past the relay
	relay  *redistest.Relay
	dir    string // that files may be imported from
	before *redis.Client
}

// newBench returns a bench whose database is active. args are of the target.
func newBench(t testing.TB, args ...string) *bench {
	t.Helper()
	return newBenchWith(t, func(*node.Config) {}, args...)
}

func newBenchWith(t testing.TB, configure func(*node.Config), args ...string) *bench {
	t.Helper()
	const user, password, hash = "admin@example.com", "secret", "$2a$04$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b := &bench{TB: t, uid: 7, dir: t.TempDir(), events: eventtest.NewRecorder(), target: redistest.Start(t, args...)}
	b.redis, b.relay = b.target.Client(), redistest.NewRelay(t, b.target.Addr)
	b.cfg = node.Config{
		DataDir: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", Events: b.events.Sink,
		Passwords: map[string]string{hash: password},
		Importer:  importer.Config{MountPoints: []string{b.dir}, AllowPrivate: true, SpoolReserve: 1},
		Seed: seed.Seed{
			Users: []access.User{{Email: user, PasswordHash: hash, Role: access.Admin}},
			Databases: []*database.Database{{
				UID: b.uid, Name: "attached", Type: "redis", Status: database.Pending,
				DataPlane: database.Attached, Redis: database.Attachment{Network: "tcp", Addr: b.relay.Addr},
			}},
		},
	}
	configure(&b.cfg)
	b.open()
	t.Cleanup(func() {
		if err := b.node.Close(); err != nil {
			t.Error(err)
		}
	})
	var err error
	if b.client, err = client.New(b.node.URL(), client.WithBasicAuth(user, password), client.WithRetry(0)); err != nil {
		t.Fatal(err)
	}
	b.wait(api.BDBStatusActive)
	return b
}

// open opens the node, again at the same address if it had one.
func (b *bench) open() {
	b.Helper()
	var err error
	if b.node, err = node.Open(b.Context(), b.cfg); err != nil {
		b.Fatal(err)
	}
	_, b.cfg.Listen, _ = strings.Cut(b.node.URL(), "://")
	b.cfg.Seed.Databases = nil // the records have it
}

// restart closes the node and opens it again.
func (b *bench) restart() {
	b.Helper()
	if err := b.node.Close(); err != nil {
		b.Fatal(err)
	}
	b.open()
}

// fill gives the database some old keys, which keep and lost look for.
func (b *bench) fill() {
	b.Helper()
	if b.before == nil {
		b.before = redistest.Start(b).Client()
	}
	for _, c := range []*redis.Client{b.redis, b.before} {
		pipe := c.Pipeline()
		pipe.FlushAll(b.Context())
		pipe.FunctionFlush(b.Context())
		pipe.Set(b.Context(), "old", "value", 0)
		pipe.HSet(b.Context(), "old hash", "field", "value")
		pipe.Do(b.Context(), "SELECT", 3)
		pipe.Set(b.Context(), "old in 3", "value", 0)
		pipe.Do(b.Context(), "SELECT", 0)
		pipe.FunctionLoad(b.Context(), "#!lua name=old\nredis.register_function('old', function() return 1 end)")
		if _, err := pipe.Exec(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// unchanged checks that the database holds what fill has put there, and that it is active.
func (b *bench) unchanged() {
	b.Helper()
	b.holds(b.before)
	b.wait(api.BDBStatusActive)
}

// holds checks that the target holds what want does.
func (b *bench) holds(want *redis.Client) {
	b.Helper()
	lines, err := keyspace.Diff(b.Context(), b.redis, want)
	if err != nil {
		b.Fatal(err)
	}
	for _, line := range lines {
		b.Error(line)
	}
}

// empty checks that the database holds nothing once it is active.
func (b *bench) empty() {
	b.Helper()
	b.wait(api.BDBStatusActive)
	info, err := b.redis.Info(b.Context(), "keyspace").Result()
	if err != nil || strings.Contains(info, "db") {
		b.Errorf("the target holds %q, %v", info, err)
	}
	libraries, err := b.redis.FunctionList(b.Context(), redis.FunctionListQuery{}).Result()
	if err != nil || len(libraries) > 0 {
		b.Errorf("the target has function libraries: %v, %v", libraries, err)
	}
}

// file writes a file that may be imported, and returns its path.
func (b *bench) file(name string, content []byte) string {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// start begins an import of files or URLs.
func (b *bench) start(sources ...string) {
	b.Helper()
	var all []api.ImportSource
	for _, s := range sources {
		source, err := client.ParseSource(s)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, source)
	}
	b.events.Reset()
	if err := b.client.StartImport(b.Context(), b.uid, all...); err != nil {
		b.Fatal(err)
	}
}

// end waits for the end of the import.
func (b *bench) end() client.ImportState {
	b.Helper()
	state, err := b.client.WaitImport(b.Context(), b.uid, 10*time.Millisecond, nil)
	if !state.Ended() {
		b.Fatalf("got %+v, %v", state, err)
	}
	return state
}

// succeeds imports the sources.
func (b *bench) succeeds(sources ...string) {
	b.Helper()
	b.start(sources...)
	b.succeeded()
}

func (b *bench) succeeded() {
	b.Helper()
	state := b.end()
	if state.Status != api.ImportStatusSucceeded || state.Progress != 100 || state.FailureReason != "" {
		b.Fatalf("got %+v; the log is\n%s", state, b.events.Text())
	}
	b.wait(api.BDBStatusActive)
}

// fails imports what cannot be, for the reason that begins so, and returns what the log has.
func (b *bench) fails(reason string, sources ...string) event.ImportFailed {
	b.Helper()
	b.start(sources...)
	return b.failed(reason)
}

func (b *bench) failed(reason string) event.ImportFailed {
	b.Helper()
	state := b.end()
	if state.Status != api.ImportStatusFailed || !strings.HasPrefix(state.FailureReason, reason) {
		b.Fatalf("got %+v, want failed, %s; the log is\n%s", state, reason, b.events.Text())
	}
	return eventtest.Wait(b.TB, b.events, func(event.ImportFailed) bool { return true })
}

// says checks that the log has all of the parts about a failure.
func (b *bench) says(e event.ImportFailed, parts ...string) {
	b.Helper()
	for _, part := range parts {
		if !strings.Contains(e.Err.Error(), part) {
			b.Errorf("the log has %q, want %q in it", e.Err, part)
		}
	}
}

// wait waits until the database has the status.
func (b *bench) wait(status api.BDBStatus) {
	b.Helper()
	b.until("the database is "+string(status), func() bool {
		db, err := b.client.GetDatabase(b.Context(), b.uid)
		if err != nil {
			b.Fatal(err)
		}
		return db.Status == status
	})
}

// until polls for what becomes true.
func (b *bench) until(what string, is func() bool) {
	b.Helper()
	look, limit := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer look.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-limit:
			b.Fatalf("not within 30 seconds: %s; the log is\n%s", what, b.events.Text())
		}
	}
}

// do runs a command on the target.
func (b *bench) do(args ...any) {
	b.Helper()
	if err := b.redis.Do(b.Context(), args...).Err(); err != nil {
		b.Fatalf("%v: %v", args, err)
	}
}

// many writes a file of n keys, and returns its path and the server that saved it.
func (b *bench) many(n int) (path string, oracle *redis.Client) {
	b.Helper()
	return b.saved("many.rdb", dataset.Small(n))
}

func (b *bench) saved(name string, d dataset.Dataset) (path string, oracle *redis.Client) {
	b.Helper()
	s := redistest.Start(b, "--dir", b.dir, "--dbfilename", name)
	if err := d.Fill(s.Addr); err != nil {
		b.Fatal(err)
	}
	oracle = s.Client()
	if err := oracle.Save(b.Context()).Err(); err != nil {
		b.Fatal(err)
	}
	return filepath.Join(b.dir, name), oracle
}

// loadSize is the number of keys of a file whose load takes more than what held lets through.
const loadSize = 20_000

// held starts an import of the file and returns in the middle of its load.
func (b *bench) held(path string) {
	b.Helper()
	held := b.relay.HoldAfter(600_000)
	b.start(path)
	b.waitFor(held)
	state, err := b.client.ImportStatus(b.Context(), b.uid)
	if err != nil || state.Status != api.ImportStatusImporting {
		b.Fatalf("got %+v, %v, want importing", state, err)
	}
	b.until("some of the keys are there, and none of the old", func() bool {
		n, err := b.redis.DBSize(b.Context()).Result()
		if err != nil || n >= loadSize {
			b.Fatalf("%d keys, %v", n, err)
		}
		return n > 1000
	})
}

func (b *bench) waitFor(done <-chan struct{}) {
	b.Helper()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		b.Fatalf("not within 30 seconds; the log is\n%s", b.events.Text())
	}
}

// sealed returns an RDB file of version 10 with the given body, and the right checksum.
func sealed(body string) []byte {
	data := append([]byte("REDIS0010"), body+"\xff"...)
	return binary.LittleEndian.AppendUint64(data, rdb.CRC64(0, data))
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
