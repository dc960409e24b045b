package memory

import (
	"context"
	"errors"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/storetest"
)

// staleReads shows now and then what was there before the last change.
type staleReads struct {
	*Store
	mu     sync.Mutex
	reads  int
	before *store.Image
}

func (s *staleReads) Update(ctx context.Context, change func(*store.Tx) error) error {
	before := s.image.Load()
	err := s.Store.Update(ctx, change)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.image.Load() != before {
		s.before = before
	}
	return err
}

func (s *staleReads) View(ctx context.Context) (*store.Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads++; s.reads%50 == 0 && s.before != nil && ctx.Err() == nil {
		return s.before.View(), nil
	}
	return s.Store.View(ctx)
}

// lostUpdates lets others in between what a change reads and what it writes.
type lostUpdates struct{ *Store }

func (s *lostUpdates) Update(ctx context.Context, change func(*store.Tx) error) error {
	image, err := s.read(ctx)
	if err != nil {
		return err
	}
	tx := image.Begin()
	if err := change(tx); err != nil {
		return err
	}
	changes, err := tx.Changes()
	if err != nil || len(changes) == 0 {
		return err
	}
	runtime.Gosched()
	s.mu.Lock()
	defer s.mu.Unlock()
	if image, err = s.read(ctx); err != nil {
		return err
	}
	s.publish(image.With(changes), changes)
	return nil
}

// earlyAnswers writes a change to the disk when the next one comes, or at the end.
type earlyAnswers struct{ *Store }

func (s *earlyAnswers) Update(ctx context.Context, change func(*store.Tx) error) error {
	s.mu.Lock()
	if image := s.image.Load(); image != nil {
		s.disk.write(image)
	}
	before := s.image.Load()
	s.mu.Unlock()
	err := s.Store.Update(ctx, change)
	s.mu.Lock()
	defer s.mu.Unlock()
	if before != nil {
		s.disk.write(before)
	}
	return err
}

func (s *earlyAnswers) Close() error {
	if image := s.image.Load(); image != nil {
		s.disk.write(image)
	}
	return s.Store.Close()
}

// gaps goes on with the oldest commit that is kept where those before it are not.
type gaps struct{ *Store }

func (s *gaps) Watch(ctx context.Context, from store.Revision) iter.Seq2[store.Commit, error] {
	return func(yield func(store.Commit, error) bool) {
		for from >= 0 {
			behind := false
			for c, err := range s.Store.Watch(ctx, from) {
				if behind = errors.Is(err, store.ErrCompacted) && from < s.image.Load().Revision(); behind {
					break
				}
				if !yield(c, err) {
					return
				}
				from = c.Revision
			}
			if !behind {
				return
			}
			from++
		}
		yield(store.Commit{}, store.ErrCompacted)
	}
}

// brokenStore names, in a test binary's environment, the store that it shall hold against the suite.
const brokenStore = "REIMPORT_STORE_BROKEN"

var broken = map[string]struct {
	open func(*Store) store.Store
	by   string // a test of the suite that finds it
}{
	"stale read":   {func(s *Store) store.Store { return &staleReads{Store: s} }, "Linearizable"},
	"lost update":  {func(s *Store) store.Store { return &lostUpdates{s} }, "Increments"},
	"early answer": {func(s *Store) store.Store { return &earlyAnswers{s} }, "Killed"},
	"gap":          {func(s *Store) store.Store { return &gaps{s} }, "WatchSlow"},
	"none":         {func(s *Store) store.Store { return s }, ""}, // passes the tests that find the others
}

// TestBroken runs only in processes that TestSuiteFindsBrokenStores starts.
func TestBroken(t *testing.T) {
	name := os.Getenv(brokenStore)
	if name == "" {
		t.Skip("it is for TestSuiteFindsBrokenStores")
	}
	var disks sync.Map
	storetest.Run(t, storetest.Backend{
		Open: func(t testing.TB, path string) store.Store {
			disk, _ := disks.LoadOrStore(path, new(Disk))
			s, err := Open(disk.(*Disk))
			if err != nil {
				t.Fatal(err)
			}
			return broken[name].open(s)
		},
		Kill: func(t testing.TB, path string) string {
			disk, _ := disks.Load(path)
			left := filepath.Join(t.TempDir(), "store")
			disks.Store(left, disk.(*Disk).Copy())
			return left
		},
	})
}

// TestSuiteFindsBrokenStores holds stores against the suite that have the faults which matter most, each in a process
// of its own, as a test cannot fail within one that passes.
func TestSuiteFindsBrokenStores(t *testing.T) {
	t.Parallel()
	for name, row := range broken {
		t.Run(name, func(t *testing.T) {
			tests := row.by
			if tests == "" {
				tests = "(Linearizable|Increments|Killed|WatchSlow)"
			}
			child := exec.Command(os.Args[0], "-test.run=^TestBroken$/^"+tests+"$", "-test.count=1", "-test.v")
			child.Env = append(os.Environ(), brokenStore+"="+name)
			out, err := child.CombinedOutput()
			failed := strings.Contains(string(out), "--- FAIL: TestBroken/"+row.by)
			if (err != nil) != (row.by != "") || failed != (row.by != "") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
