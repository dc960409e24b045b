package sink_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/redistest"
)

// opened returns a sink that has begun to load files like f.
func opened(t *testing.T, o *redis.Options, f []byte) *sink.Redis {
	t.Helper()
	r, err := sink.NewRedis(t.Context(), o, check(t, f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if err := r.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// endless passes keys until r refuses one, and returns why. It gives up after about a gigabyte.
func endless(r *sink.Redis, value string) error {
	k := rdb.Key{Type: rdb.TypeString, Idle: -1, Freq: -1}
	d := (&dump{}).text(value).b
	for i := range 1 << 30 / len(d) {
		k.Name, k.ValueLen = fmt.Appendf(nil, "key:%d", i), int64(len(d))
		if i%2 == 0 { // no MSET
			k.ExpireMS = now * 2
		}
		if _, err := r.Key(&k).Write(d); err != nil {
			return err
		}
	}
	return r.Flush()
}

var small = newDump().set("a", "1").end()

// TestRefusedDuringLoad: the load ends within a batch or two of what the Redis refuses, and says which key that is.
func TestRefusedDuringLoad(t *testing.T) {
	for name, c := range map[string]struct {
		change []any
		want   string
		is     error
	}{
		"memory":   {[]any{"CONFIG", "SET", "maxmemory", "8mb"}, "OOM command not allowed", sink.ErrOutOfMemory},
		"replica":  {[]any{"REPLICAOF", "127.0.0.1", "1"}, "the Redis answers READONLY", nil},
		"rights":   {[]any{"ACL", "SETUSER", "default", "-restore", "-mset"}, "the Redis answers NOPERM", nil},
		"sleeping": {[]any{"CONFIG", "SET", "min-replicas-to-write", "1"}, "the Redis answers NOREPLICAS", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t)
			r := opened(t, options(s), small)
			if err := s.Client().Do(t.Context(), c.change...).Err(); err != nil {
				t.Fatal(err)
			}
			err := endless(r, strings.Repeat("x", 100))
			about, ok := errors.AsType[*sink.KeyError](err)
			if !ok || !strings.HasPrefix(string(about.Name), "key:") || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v, want %q of a key", err, c.want)
			}
			if errors.Is(err, sink.ErrConnectionLost) {
				t.Errorf("the load would be tried again: %v", err)
			}
		})
	}
}

// TestRefusedKey: a refusal in the midst of a batch names its key, and no other.
func TestRefusedKey(t *testing.T) {
	s := redistest.Start(t)
	d := newDump()
	for i := range 500 {
		d.expire(now*2).set(fmt.Sprint("before:", i), "1")
		d.set(fmt.Sprint("plain:", i), "1")
	}
	whole := d.end()
	r := opened(t, options(s), whole)
	if err := pass(r, whole); err != nil {
		t.Fatal(err)
	}
	bad := rdb.Key{DB: 3, Name: []byte("bad"), Type: rdb.TypeHashListpack, Idle: -1, Freq: -1, ValueLen: 3}
	if _, err := r.Key(&bad).Write([]byte{2, 1, 1}); err != nil {
		t.Fatal(err)
	}
	if err := pass(r, newDump().raw(254, 3).set("after", "1").end()); err != nil {
		t.Fatal(err)
	}
	if err, want := r.Flush(), `key "bad" in database 3: the Redis answers ERR Bad data format`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestEviction(t *testing.T) {
	s := redistest.Start(t, "--maxmemory", "8mb", "--maxmemory-policy", "allkeys-random")
	if err := endless(opened(t, options(s), small), strings.Repeat("x", 1<<20)); !errors.Is(err, sink.ErrOutOfMemory) || !strings.Contains(err.Error(), "evicted") {
		t.Errorf("got %v, want an ErrOutOfMemory for evicted keys", err)
	}
}

func TestLostConnection(t *testing.T) {
	s := redistest.Start(t)
	for name, end := range map[string]func() error{
		"connections": func() error { return s.Client().Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal").Err() },
		"server":      func() error { s.Kill(); return nil },
	} {
		r := opened(t, options(s), small)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if err := endless(r, strings.Repeat("x", 10_000)); !errors.Is(err, sink.ErrConnectionLost) {
			t.Errorf("%s: got %v, want an ErrConnectionLost", name, err)
		}
		if name == "server" {
			if err := load(t.Context(), options(s), small); !errors.Is(err, sink.ErrConnectionLost) {
				t.Errorf("got %v, want an ErrConnectionLost", err)
			}
			if err := sink.Erase(t.Context(), options(s)); !errors.Is(err, sink.ErrConnectionLost) {
				t.Errorf("got %v, want an ErrConnectionLost", err)
			}
			s.Restart()
		}
	}
	mustLoad(t, s, small)
}

// TestStop: the end of its context ends a load, wherever it is, and with its own reason.
func TestStop(t *testing.T) {
	s := redistest.Start(t)
	reason := errors.New("enough")
	r, err := sink.NewRedis(t.Context(), options(s), check(t, small))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, stop := context.WithCancelCause(t.Context())
	if err := r.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { stop(reason) })
	if err := endless(r, strings.Repeat("x", 1000)); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
	if err := load(ctx, options(s), small); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
}

// TestStopBeforeAnAnswer: the end of its context also ends what waits for a Redis that takes connections and says nothing.
func TestStopBeforeAnAnswer(t *testing.T) {
	reason := errors.New("enough")
	for name, call := range map[string]func(context.Context, *redis.Options) error{
		"open": func(ctx context.Context, o *redis.Options) error {
			_, err := sink.NewRedis(ctx, o, check(t, small))
			return err
		},
		"erase": sink.Erase,
	} {
		asked := make(chan struct{}, 1)
		o := fake(t, func([]string) (string, bool) {
			asked <- struct{}{}
			<-t.Context().Done()
			return "", true
		})
		ctx, stop := context.WithCancelCause(t.Context())
		go func() {
			<-asked
			stop(reason)
		}()
		if err := call(ctx, o); !errors.Is(err, reason) {
			t.Errorf("%s: got %v, want %v", name, err, reason)
		}
	}
}

// TestNothingArrivesLate: what a load that was given up has sent does not come after the Redis was erased.
func TestNothingArrivesLate(t *testing.T) {
	s := redistest.Start(t)
	for range 20 {
		ctx, stop := context.WithCancel(t.Context())
		r, err := sink.NewRedis(ctx, options(s), check(t, small))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Begin(ctx); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Millisecond, stop)
		if err := endless(r, "x"); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sink.Erase(t.Context(), options(s)); err != nil {
			t.Fatal(err)
		}
		if n := s.Client().DBSize(t.Context()).Val(); n != 0 {
			t.Fatalf("%d keys came late", n)
		}
	}
}

// TestOthersWrite: a Redis that has more keys than the files after the load, or fewer, has not been loaded right.
func TestOthersWrite(t *testing.T) {
	s := redistest.Start(t)
	r := opened(t, options(s), small)
	if err := s.Client().Set(t.Context(), "other", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err, want := errors.Join(pass(r, small), r.Flush()), "expected 1 to 1 keys after the load, found 2"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	r = opened(t, options(s), small)
	if err := pass(r, newDump().expire(4e12).set("gone", "1").end()); err != nil {
		t.Fatal(err)
	}
	keys := 1
	for s.Client().Del(t.Context(), "gone").Val() == 0 { // until a batch with the key was full
		if err := pass(r, newDump().set(fmt.Sprint("long:", keys), strings.Repeat("x", 1<<18)).end()); err != nil {
			t.Fatal(err)
		}
		keys++
	}
	if err, want := r.Flush(), fmt.Sprintf("expected %d to %[1]d keys after the load, found %d", keys, keys-1); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestExpiries: keys whose time has come by the clock of the Redis may be gone or not. The others must be there.
func TestExpiries(t *testing.T) {
	s := redistest.Start(t)
	d := newDump().set("stays", "1")
	soon := time.Now().UnixMilli()
	for i := range 3000 {
		d.expire(soon-1000+int64(i)).set(fmt.Sprint("soon:", i), "1")
	}
	mustLoad(t, s, d.expire(4e12).set("late", "1").end())
	for _, name := range []string{"stays", "late"} {
		if s.Client().Exists(t.Context(), name).Val() != 1 {
			t.Errorf("%s is missing", name)
		}
	}
	if got := s.Client().PExpireTime(t.Context(), "late").Val(); got != 4e12*time.Millisecond {
		t.Errorf("late expires at %v", got)
	}
}

// TestHangs: a Redis that takes what it is sent and does not answer is lost after a while.
func TestHangs(t *testing.T) {
	s := redistest.Start(t)
	r, err := sink.NewRedis(t.Context(), options(s), check(t, small))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.SetPatience(time.Millisecond)
	if err := r.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Client().ClientPause(t.Context(), time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	if err := endless(r, "x"); !errors.Is(err, sink.ErrConnectionLost) {
		t.Errorf("got %v, want an ErrConnectionLost", err)
	}
}
