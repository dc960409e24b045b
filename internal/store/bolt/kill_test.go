package bolt_test

import (
	"bufio"
	"context"
	"errors"
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
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// childPath names, in a test binary's environment, the store that it shall write to until it is killed; its arguments
// then say how many steps each of its writers has behind it.
const childPath = "REIMPORT_STORE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(path, os.Args[1:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func writeUntilKilled(path string, steps []string) error {
	s, err := bolt.Open(path)
	if err != nil {
		return err
	}
	ended := make(chan error, len(steps))
	for writer, step := range steps {
		done, err := strconv.Atoi(step)
		if err != nil {
			return err
		}
		go func() { ended <- climb(s, writer, done) }()
	}
	return <-ended
}

// climb takes one step after the other, and says so after each.
func climb(s *bolt.Store, writer, done int) error {
	for n := done + 1; ; n++ {
		if err := step(s, writer, n); err != nil {
			return fmt.Errorf("writer %d, step %d: %w", writer, n, err)
		}
		fmt.Printf("%d %d\n", writer, n)
	}
}

// step does the n-th change of a writer. Of four, two create a database; one of them is then updated, the other
// deleted.
func step(s *bolt.Store, writer, n int) error {
	ctx, uid := context.Background(), (writer+1)*100_000_000+n
	var err error
	switch n % 4 {
	case 1, 3:
		_, err = store.Create(ctx, s, named(uid))
	case 2:
		_, err = store.Update(ctx, s, store.Databases, uid-1, func(db *database.Database) error { db.MemorySize = int64(n); return nil })
	case 0:
		err = store.Delete(ctx, s, store.Databases, uid-1, func(*database.Database) error { return nil })
	}
	return err
}

// after gives what a writer's databases are after its first n steps.
func after(writer, n int) map[int]*database.Database {
	all := map[int]*database.Database{}
	base := (writer + 1) * 100_000_000
	for i := range n {
		switch uid := base + i + 1; (i + 1) % 4 {
		case 1, 3:
			all[uid] = named(uid)
		case 2:
			all[uid-1].MemorySize = int64(i + 1)
		case 0:
			delete(all, uid-1)
		}
	}
	return all
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
	steps := make([]int, 4)
	for round := range rounds {
		acks := round % 5 * rand.IntN(40) // none in some rounds, which end while the store is being opened
		acked := killed(t, path, steps, acks)
		check(t, path)
		found := databases(t, path)
		for writer := range steps {
			switch {
			case reflect.DeepEqual(found[writer], after(writer, acked[writer])):
				steps[writer] = acked[writer]
			case reflect.DeepEqual(found[writer], after(writer, acked[writer]+1)):
				steps[writer] = acked[writer] + 1
			default:
				t.Fatalf("round %d, killed after %d answers: writer %d was told of %d steps, the store has %v",
					round, acks, writer, acked[writer], found[writer])
			}
		}
	}
	t.Logf("steps at the end: %v", steps)
}

// killed runs a child until it has given so many answers, and returns the last step that each writer was told of.
func killed(t *testing.T, path string, steps []int, acks int) []int {
	child := exec.Command(os.Args[0], strings.Fields(strings.Trim(fmt.Sprint(steps), "[]"))...)
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

// databases returns what the store at path holds, by writer.
func databases(t *testing.T, path string) []map[int]*database.Database {
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	all, err := store.List(t.Context(), s, store.Databases)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	found := make([]map[int]*database.Database, 4)
	for i := range found {
		found[i] = map[int]*database.Database{}
	}
	for _, db := range all {
		found[db.UID/100_000_000-1][db.UID] = db
	}
	return found
}
