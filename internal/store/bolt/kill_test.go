package bolt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// childPath names, in a test binary's environment, the store that it shall write to until it is killed or, if an argument
// says so, each of its writers has taken so many steps.
const childPath = "REIMPORT_STORE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if err := writeSteps(path, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const writers = 4

func writeSteps(path string, until []string) error {
	last := math.MaxInt
	if len(until) > 0 {
		var err error
		if last, err = strconv.Atoi(until[0]); err != nil {
			return err
		}
	}
	s, err := bolt.Open(path)
	for errors.Is(err, syscall.EIO) { // as a test has it
		s, err = bolt.Open(path)
	}
	if err != nil {
		return err
	}
	before, err := progressOf(s)
	if err != nil {
		return err
	}
	ended := make(chan error, writers)
	for writer, done := range before.steps {
		fmt.Printf("%d %d\n", writer, done) // what is read has been acknowledged
		go func() { ended <- climb(s, writer, done, last) }()
	}
	for range writers {
		err = errors.Join(err, <-ended)
	}
	return errors.Join(err, s.Close())
}

// climb takes one step after the other, and says so after each.
func climb(s *bolt.Store, writer, done, last int) error {
	for n := done + 1; n <= last; n++ {
		err := s.Update(context.Background(), step(writer, n))
		for errors.Is(err, syscall.EIO) {
			err = s.Update(context.Background(), step(writer, n))
		}
		if err != nil {
			return fmt.Errorf("writer %d, step %d: %w", writer, n, err)
		}
		fmt.Printf("%d %d\n", writer, n)
	}
	return nil
}

// step gives the n-th change of a writer. Of four, two create a database; one of them is then updated, the other deleted.
// In the same transaction it notes in a record of its own which step it is.
func step(writer, n int) func(tx *store.Tx) error {
	return func(tx *store.Tx) (err error) {
		if stepOf(tx, writer) == n { // a try that failed was made all the same
			return nil
		}
		switch uid := base(writer) + n; n % 4 {
		case 1, 3:
			_, err = store.Insert(tx, named(uid))
		case 2:
			var db *database.Database
			if db, err = store.Databases.Get(tx, uid-1); err == nil {
				resize(db, n)
				err = store.Databases.Put(tx, db)
			}
		case 0:
			err = store.Databases.Delete(tx, uid-1)
		}
		return errors.Join(err, store.Users.Put(tx, &access.User{Email: email(writer), PasswordHash: strconv.Itoa(n)}))
	}
}

func stepOf(tx *store.Tx, writer int) (n int) {
	if u, err := store.Users.Get(tx, email(writer)); err == nil {
		n, _ = strconv.Atoi(u.PasswordHash)
	}
	return n
}

func base(writer int) int { return (writer + 1) * 100_000_000 }

func email(writer int) string { return fmt.Sprintf("%d@example.com", writer) }

// resize makes some records longer than a page.
func resize(db *database.Database, n int) {
	if db.MemorySize = int64(n); n%8 == 2 {
		db.Settings = map[string]json.RawMessage{"long": json.RawMessage(`"` + strings.Repeat("l", 5000) + `"`)}
	}
}

// after gives what a writer's databases are after its first n steps.
func after(writer, n int) map[int]*database.Database {
	all := map[int]*database.Database{}
	for i := 1; i <= n; i++ {
		switch uid := base(writer) + i; i % 4 {
		case 1, 3:
			all[uid] = named(uid)
		case 2:
			resize(all[uid-1], i)
		case 0:
			delete(all, uid-1)
		}
	}
	return all
}

// progress is what a store holds of its writers' steps.
type progress struct {
	revision  store.Revision
	steps     []int // of each writer, as it has noted
	databases []map[int]*database.Database
	others    []*database.Database // of no writer
}

func progressOf(s *bolt.Store) (*progress, error) {
	tx, err := s.View(context.Background())
	if err != nil {
		return nil, err
	}
	p := &progress{revision: tx.Revision(), steps: make([]int, writers), databases: make([]map[int]*database.Database, writers)}
	for writer := range writers {
		p.databases[writer] = map[int]*database.Database{}
		p.steps[writer] = stepOf(tx, writer)
	}
	for _, db := range store.Databases.List(tx) {
		if writer := db.UID/base(0) - 1; writer >= 0 {
			p.databases[writer][db.UID] = db
		} else {
			p.others = append(p.others, db)
		}
	}
	return p, nil
}

// check returns an error unless p has every step that was acknowledged to its writer, and at most one more, whole: the one
// under way.
func (p *progress) check(acked []int) error {
	for writer, n := range p.steps {
		if n < acked[writer] || n > acked[writer]+1 || !reflect.DeepEqual(p.databases[writer], after(writer, n)) {
			return fmt.Errorf("writer %d has %d steps acknowledged, the store has %d: %v", writer, acked[writer], n, p.databases[writer])
		}
	}
	return nil
}

// TestKill kills a process amid its writes, again and again on one file. All that it said was done must be there, and
// beyond that at most the step that each writer was taking, whole.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	path := filepath.Join(t.TempDir(), "store")
	steps := make([]int, writers)
	for round := range rounds {
		acks := round % 5 * rand.IntN(40) // none in some rounds, which end while the store is being opened
		acked := killed(t, path, steps, acks)
		check(t, path)
		found := stored(t, path)
		if err := found.check(acked); err != nil {
			t.Fatalf("round %d, killed after %d answers: %v", round, acks, err)
		}
		steps = found.steps
	}
	t.Logf("steps at the end: %v", steps)
}

// killed runs a child, kills it once it has acknowledged acks steps, and returns the last one of each writer.
func killed(t *testing.T, path string, steps []int, acks int) []int {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err := errors.Join(err, child.Start()); err != nil {
		t.Fatal(err)
	}
	acked := append([]int(nil), steps...)
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		if n == acks {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what was answered before the kill has been read, too
		}
		var writer, step int
		if _, err := fmt.Sscanf(line, "%d %d", &writer, &step); err != nil {
			t.Fatalf("the child said %q: %v", line, err)
		}
		acked[writer] = step
	}
	if err := child.Wait(); child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child ended on its own: %v: %s", err, complaint.String())
	}
	return acked
}

func stored(t *testing.T, path string) *progress {
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	found, err := progressOf(s)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return found
}
