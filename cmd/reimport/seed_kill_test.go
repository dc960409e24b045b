package main_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// TestKillDuringFirstStart kills a server at many moments of its first start. What it leaves is all of the seed or
// nothing, and the next start makes it whole.
func TestKillDuringFirstStart(t *testing.T) {
	t.Parallel()
	const databases, rounds = 100, 20
	demo, err := os.ReadFile("../../examples/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	users, _, _ := strings.Cut(string(demo), "\nmodules:")
	var text strings.Builder
	text.WriteString(users + "\nmodules:\n  - {uid: 00000000000000000000000000000001, module_name: own, semantic_version: 1.0.0}\ndatabases:\n")
	for uid := range databases {
		fmt.Fprintf(&text, "  - {uid: %d, name: db%d, memory_size: 1000, module_list: [{module_name: own}]}\n", uid+1, uid+1)
	}
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	whole := serve(t, t.TempDir(), "--seed", seed, "--tls=false")
	took := time.Since(start)
	if err := whole.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	want := left(t, whole.dir)
	if want.databases != databases || want.users != 2 || want.modules != 5 {
		t.Fatalf("a whole start leaves %+v", want)
	}
	var nothing, all int
	for range rounds {
		dir := t.TempDir()
		killed := command(t, serveArgs(dir, []string{"--seed", seed, "--tls=false"})...)
		if err := killed.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rand.Int64N(int64(took))), func() { killed.Process.Kill() })
		killed.Wait()
		timer.Stop()
		switch found := left(t, dir); found {
		case want:
			if all++; all > 1 {
				continue // the next start of one that left all has been seen
			}
		case content{}:
			nothing++
		default:
			t.Fatalf("a start that was killed leaves %+v of %+v", found, want)
		}
		p := serve(t, dir, "--seed", seed, "--tls=false")
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if found := left(t, dir); found != want {
			t.Fatalf("the next start leaves %+v of %+v", found, want)
		}
	}
	t.Logf("%d times nothing, %d times all", nothing, all)
}

// content is how many records a data directory has of each kind.
type content struct{ databases, users, modules int }

func left(t *testing.T, dir string) (found content) {
	t.Helper()
	path := filepath.Join(dir, "reimport.db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return content{}
	}
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tx, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return content{store.Databases.Len(tx), store.Users.Len(tx), store.Modules.Len(tx)}
}
