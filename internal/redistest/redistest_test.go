package redistest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/redistest"
)

// TestServer: a server keeps its address, and nothing else, when it is killed.
func TestServer(t *testing.T) {
	s := redistest.Start(t, "--maxmemory", "64mb")
	if got := s.Info("maxmemory"); got != 64<<20 {
		t.Errorf("maxmemory %d", got)
	}
	c := s.Client()
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	s.Restart()
	if n, err := s.Client().DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("%d keys, %v", n, err)
	}
}

// TestRelay: a relay passes all on until it is to hold, lets new connections through then, and goes on when it may.
func TestRelay(t *testing.T) {
	s := redistest.Start(t)
	r := redistest.NewRelay(t, s.Addr)
	client := func() *redis.Client {
		c := redis.NewClient(&redis.Options{Addr: r.Addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
		t.Cleanup(func() { c.Close() })
		return c
	}
	first := client()
	if err := first.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	held := r.HoldAfter(10)
	answer := make(chan error, 1)
	go func() { answer <- first.Set(t.Context(), "k", "v", 0).Err() }()
	<-held
	if n, err := client().DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("%d keys, %v: it did not hold, or holds all", n, err)
	}
	r.Release()
	if err := <-answer; err != nil {
		t.Error(err)
	}
	held = r.HoldAfter(10)
	go func() { answer <- first.Set(t.Context(), "other", "v", 0).Err() }()
	<-held
	r.Cut(0)
	if err := <-answer; err == nil {
		t.Error("a cut connection answers")
	}
	if n, err := client().DBSize(t.Context()).Result(); n != 1 || err != nil {
		t.Errorf("%d keys, %v", n, err)
	}
}
