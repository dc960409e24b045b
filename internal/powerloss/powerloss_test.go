package powerloss_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/powerloss"
)

// actions are what a test binary does in place of its tests if an argument names one, in the directory that another names.
var actions = map[string]func(dir string) error{
	"no sync": func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "a"), []byte("new"), 0o600)
	},
	"synced": func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "a"), []byte("new"), 0o600), sync(dir, "a"))
	},
	"no name": func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "b"), []byte("new"), 0o600), sync(dir, "b"))
	},
	"name without content": func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "b"), []byte("new"), 0o600), sync(dir, "."))
	},
	"renamed": func(dir string) error {
		err := errors.Join(os.WriteFile(filepath.Join(dir, "b"), []byte("new"), 0o600), sync(dir, "b"))
		return errors.Join(err, os.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "a")))
	},
	"directory": func(dir string) error {
		in := filepath.Join(dir, "d")
		err := errors.Join(os.Mkdir(in, 0o700), os.WriteFile(filepath.Join(in, "b"), []byte("new"), 0o600), sync(in, "b"))
		return errors.Join(err, sync(in, "."))
	},
	"two sectors": func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "a"), []byte(strings.Repeat("n", 513)), 0o600)
	},
	"removed": func(dir string) error {
		return os.RemoveAll(filepath.Join(dir, "a"))
	},
}

func sync(dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && actions[os.Args[1]] != nil {
		if err := actions[os.Args[1]](os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("done")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestLosses says what may be left when an action is over.
func TestLosses(t *testing.T) {
	half := strings.Repeat("n", 512)
	for action, want := range map[string][]string{
		"no sync":              {"a=old", "a=", "a=new", "a=\x00\x00\x00"},
		"synced":               {"a=new"},
		"no name":              {"a=old", "a=old b=new"},
		"name without content": {"a=old b=", "a=old b=\x00\x00\x00", "a=old b=new"},
		"renamed":              {"a=old", "a=old b=new", "a=new"},
		"directory":            {"a=old", "a=old d/= d/b=new"},
		"removed":              {"a=old", ""},
		"two sectors": {
			"a=old", "a=", "a=nnn", "a=old" + strings.Repeat("\x00", 510), "a=" + strings.Repeat("\x00", 513),
			"a=" + half + "\x00", "a=" + strings.Repeat("\x00", 512) + "n", "a=old" + strings.Repeat("\x00", 509) + "n", "a=" + half + "n",
		},
	} {
		t.Run(action, func(t *testing.T) {
			left := losses(t, action)
			slices.Sort(want)
			if !slices.Equal(left, want) {
				t.Errorf("%q may be left, want %q", left, want)
			}
		})
	}
}

func losses(t *testing.T, action string) []string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	disk, err := powerloss.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], action, dir)
	child.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	recording, err := powerloss.Record(child, dir)
	if errors.Is(err, powerloss.ErrUnavailable) {
		t.Skip("SKIPPING the losses of power: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.Replay(recording, func() bool { return true }); err != nil {
		t.Fatal(err)
	}
	if err := disk.Equal(dir); err != nil {
		t.Error(err)
	}
	if said := disk.Said(); said != "done\n" {
		t.Errorf("said %q", said)
	}
	left := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		for state := range disk.Losses(r, 16) {
			left[text(state)] = true
		}
	}
	return slices.Sorted(maps.Keys(left))
}

func text(state powerloss.State) string {
	var files []string
	for _, path := range slices.Sorted(maps.Keys(state)) {
		files = append(files, path+"="+string(state[path]))
	}
	return strings.Join(files, " ")
}
