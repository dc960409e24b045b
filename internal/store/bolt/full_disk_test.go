//go:build unix

package bolt_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// limitedRun says, in a test binary's environment, that it was started for one test: the limit on the size of files
// that stands for a full disk here is one for the whole process.
const limitedRun = "REIMPORT_STORE_LIMITED"

// limited runs the test that calls it once more, in a process of its own, and reports whether this is that process.
func limited(t *testing.T) bool {
	if os.Getenv(limitedRun) != "" {
		signal.Ignore(syscall.SIGXFSZ)
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	child.Env = append(os.Environ(), limitedRun+"=1")
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// fillDisk lets no file grow beyond size, nor be written to beyond it, until free is called.
func fillDisk(t *testing.T, size int64) (free func()) {
	var before syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before)
	full := before
	full.Cur = uint64(size)
	if err := errors.Join(err, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	}
}

func fill(db *database.Database) error {
	db.MemorySize++
	db.Settings = map[string]json.RawMessage{"a": json.RawMessage(`"` + strings.Repeat("a", 200_000) + `"`)}
	return nil
}

func TestFullDisk(t *testing.T) {
	if !limited(t) {
		return
	}
	rows := map[string]struct {
		rule func(*database.Database) error
		room func(size int64) int64
	}{
		"no page can be written": {grow, func(int64) int64 { return 2 * int64(os.Getpagesize()) }},
		"the file cannot grow":   {fill, func(size int64) int64 { return size }},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			s := open(t, path)
			add(t, s, named(1))
			if err := s.Err(); err != nil {
				t.Errorf("Err: %v", err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			free := fillDisk(t, row.room(info.Size()))
			for range 3 {
				_, err := store.Update(t.Context(), s, store.Databases, 1, row.rule)
				if err == nil || !strings.Contains(err.Error(), "file too large") || !errors.Is(s.Err(), err) {
					t.Errorf("Update: %v; Err: %v", err, s.Err())
				}
				sizes(t, s, 0)
			}
			free()
			if _, err := store.Update(t.Context(), s, store.Databases, 1, row.rule); err != nil || s.Err() != nil {
				t.Errorf("Update: %v; Err: %v", err, s.Err())
			}
			sizes(t, s, 1)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			sizes(t, open(t, path), 1)
		})
	}
}

// TestFullDiskHeals: the store finds out by itself that there is space again, though a page of the file was free all the
// time, and leaves nothing of what it has written for that.
func TestFullDiskHeals(t *testing.T) {
	if !limited(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	add(t, s, named(1))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Records(t)
	s.RetryAfter(time.Millisecond)
	free := fillDisk(t, info.Size())
	_, failed := store.Update(t.Context(), s, store.Databases, 1, fill)
	if failed == nil || s.Retry() || !errors.Is(s.Err(), failed) {
		t.Errorf("Update: %v; Err: %v", failed, s.Err())
	}
	free()
	for deadline := time.After(time.Minute); s.Err() != nil; {
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			t.Fatalf("Err is still %v", s.Err())
		}
	}
	sizes(t, s, 0)
	if after := s.Records(t); after != before {
		t.Errorf("the file has\n%s\nand had\n%s", after, before)
	}
}

// TestDiskFullNowAndThen has writers share a record, and own one each, while the disk fills up and is freed again and
// again. What is there in the end is what they were told of.
func TestDiskFullNowAndThen(t *testing.T) {
	if !limited(t) {
		return
	}
	const writers, rounds = 8, 30
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	for i := range writers + 1 {
		add(t, s, named(i+1))
	}
	done, failed, written := make(chan struct{}), make(chan struct{}), make(chan struct{})
	want := make([]int64, writers+1)
	var shared sync.Mutex // guards want[0]
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for n := i; ; n++ {
				uid := []int{1, i + 2}[n%2]
				_, err := store.Update(t.Context(), s, store.Databases, uid, grow)
				outcome := written
				if err != nil {
					outcome = failed
				} else {
					shared.Lock()
					want[uid-1]++
					shared.Unlock()
				}
				select {
				case outcome <- struct{}{}:
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range rounds {
		free := fillDisk(t, 2*int64(os.Getpagesize()))
		<-failed
		free()
		<-written
	}
	close(done)
	all.Wait()
	sizes(t, s, want...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sizes(t, open(t, path), want...)
	t.Logf("changes: %v", want)
}
