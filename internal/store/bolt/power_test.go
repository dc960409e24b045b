package bolt_test

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/powerloss"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// Few by default, as each costs the opening of a store.
var (
	powerLosses = flag.Int("powerlosses", 4, "how many losses of power the tests try before each sync, half as many as there are with torn writes")
	powerSteps  = flag.Int("powersteps", 3, "how many changes each of the writers makes in them")
)

// outage tries losses of power on what processes do to a store.
type outage struct {
	disk   *powerloss.Disk
	dir    string // of the store
	tmp    string // for what a loss leaves
	random *rand.Rand
	others []*database.Database // that were there before
	before store.Revision

	found        map[leftover]*progress // in what a loss has left
	losses, acks int                    // tried, and heard of
}

type leftover struct {
	there   bool
	content [sha256.Size]byte
}

func newOutage(t *testing.T, file string) *outage {
	o := &outage{dir: t.TempDir(), tmp: filepath.Join(memory(t), "left"), random: rand.New(rand.NewPCG(1, 2)), found: map[leftover]*progress{}}
	if file != "" {
		content, err := os.ReadFile(file)
		if err := errors.Join(err, os.WriteFile(filepath.Join(o.dir, "store"), content, 0o600)); err != nil {
			t.Fatal(err)
		}
		o.others, o.before = listed(t, "schema1"), 1
	}
	var err error
	if o.disk, err = powerloss.Load(o.dir); err != nil {
		t.Fatal(err)
	}
	return o
}

// memory returns a directory whose syncs cost nothing, if the machine has one.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// record has a process write to the store until each writer has taken so many steps.
func (o *outage) record(t *testing.T, steps int, options ...string) *powerloss.Recording {
	child := exec.Command(os.Args[0], strconv.Itoa(steps))
	child.Env = append(os.Environ(), childPath+"="+filepath.Join(o.dir, "store"), "GORACE=atexit_sleep_ms=0")
	recording, err := powerloss.Record(child, o.dir, options...)
	if errors.Is(err, powerloss.ErrUnavailable) {
		t.Skip("SKIPPING the losses of power: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return recording
}

// replay returns the first error of a store after a loss of power.
func (o *outage) replay(recording *powerloss.Recording) (err error) {
	failed := o.disk.Replay(recording, func() bool {
		var acked []int
		if acked, err = o.acked(); err != nil {
			return false
		}
		for state := range o.disk.Losses(o.random, *powerLosses) {
			o.losses++
			if err = o.check(state, acked); err != nil {
				return false
			}
		}
		return true
	})
	return errors.Join(failed, err)
}

// acked returns the last step that each writer has heard of.
func (o *outage) acked() ([]int, error) {
	acked := make([]int, writers)
	o.acks = 0
	for line := range strings.Lines(o.disk.Said()) {
		var writer, n int
		if _, err := fmt.Sscanf(line, "%d %d\n", &writer, &n); err != nil {
			return nil, fmt.Errorf("the process said %q", line)
		}
		acked[writer] = n
		o.acks++
	}
	return acked, nil
}

func (o *outage) check(state powerloss.State, acked []int) error {
	content, there := state["store"]
	left := leftover{there, sha256.Sum256(content)}
	if o.found[left] == nil {
		found, err := o.open(state)
		if err != nil {
			return err
		}
		o.found[left] = found
	}
	found, revision := o.found[left], o.before
	for _, n := range found.steps {
		revision += store.Revision(n)
	}
	if found.revision != revision {
		return fmt.Errorf("revision %d, want %d", found.revision, revision)
	}
	if !reflect.DeepEqual(found.others, o.others) {
		return fmt.Errorf("not what was there before: %v", found.others)
	}
	return found.check(acked)
}

func (o *outage) open(state powerloss.State) (*progress, error) {
	if err := state.Write(o.tmp); err != nil {
		return nil, err
	}
	s, err := bolt.Open(filepath.Join(o.tmp, "store"))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return progressOf(s)
}

// TestPowerLoss replays what a process has written, and loses power at every moment.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	o := newOutage(t, "")
	recording := o.record(t, *powerSteps)
	t.Run("new", func(t *testing.T) { o.survive(t, recording) })
	t.Run("of an older version", func(t *testing.T) {
		o := newOutage(t, "testdata/schema1.db")
		o.survive(t, o.record(t, *powerSteps))
	})
	// A sync that fails leaves writes that no later sync brings to the disk: the system takes them for done.
	t.Run("after failed syncs", func(t *testing.T) {
		o := newOutage(t, "")
		o.survive(t, o.record(t, *powerSteps, "-e", "inject=fdatasync:error=EIO:when=2+5"))
	})
	t.Run("after a kill", func(t *testing.T) { survivesKill(t, recording) })
	t.Run("without syncs", func(t *testing.T) { missSyncs(t, recording) })
}

func (o *outage) survive(t *testing.T, recording *powerloss.Recording) {
	if err := o.replay(recording); err != nil {
		t.Fatalf("loss %d, after %d answers: %v", o.losses, o.acks, err)
	}
	if err := o.disk.Equal(o.dir); err != nil {
		t.Error(err)
	}
	t.Logf("%d losses, %d answers", o.losses, o.acks)
}

// survivesKill kills the process while a change is written and not synced. What the next process reads of it must not go,
// either.
func survivesKill(t *testing.T, recording *powerloss.Recording) {
	o, unsynced := newOutage(t, ""), false
	err := o.disk.Replay(recording, func() bool {
		for durable := range o.disk.Losses(o.random, 1) {
			before, err := o.open(durable)
			now, errNow := o.open(o.disk.Now())
			if err := errors.Join(err, errNow); err != nil {
				t.Fatal(err)
			}
			unsynced = now.revision > before.revision && before.revision > 0
			break
		}
		return !unsynced
	})
	if err != nil || !unsynced {
		t.Fatalf("no moment at which a change is written and not synced: %v", err)
	}
	if err := o.disk.Now().Write(o.dir); err != nil {
		t.Fatal(err)
	}
	o.survive(t, o.record(t, *powerSteps+1))
}

// missSyncs holds that what is found depends on each kind of sync.
func missSyncs(t *testing.T, recording *powerloss.Recording) {
	meta := func(s powerloss.Sync) bool { return s.Wrote >= 0 && s.Wrote <= int64(os.Getpagesize()) }
	for name, drop := range map[string]func(powerloss.Sync) bool{
		"at all":           func(powerloss.Sync) bool { return true },
		"of meta pages":    meta,
		"of other pages":   func(s powerloss.Sync) bool { return s.Wrote > 0 && !meta(s) },
		"of the directory": func(s powerloss.Sync) bool { return s.Wrote < 0 },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutage(t, "")
			err := o.replay(recording.Without(drop))
			if err == nil {
				t.Errorf("nothing is lost in %d losses of power", o.losses)
			}
			t.Logf("loss %d, after %d answers: %v", o.losses, o.acks, err)
		})
	}
}
