package redistest_test

import (
	"testing"

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
