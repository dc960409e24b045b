package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/store/bolt"
)

// storeVerb runs a verb of the store and returns what it said.
func storeVerb(t *testing.T, dir string, want int, verb ...string) (out, errOut string) {
	t.Helper()
	var said, complained bytes.Buffer
	a := &app{out: &said, errOut: &complained, lookup: func(string) (string, bool) { return "", false }}
	args := append([]string{"store"}, append(verb, "--data-dir", dir)...)
	if code := a.run(context.Background(), args); code != want {
		t.Fatalf("%v: exit code %d, want %d: %s", verb, code, want, complained.String())
	}
	return said.String(), complained.String()
}

// TestSalvage damages a record. The verbs name it and show nothing of what is in it, and the others can be dumped and
// restored. The verbs that read leave file and directory as they were.
func TestSalvage(t *testing.T) {
	dir := t.TempDir()
	path := node.StoreIn(dir)
	storeVerb(t, dir, 0, "restore", "../../examples/demo.yaml")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(file, []byte(`"Name":"backup-running"`))
	file[at+10] ^= 1
	long := time.Unix(1, 0)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}

	if out, errOut := storeVerb(t, dir, 14, "check"); !strings.Contains(out, "damaged    record bdb/0000000004: its checksum is wrong") ||
		!strings.Contains(out, "databases  5") || strings.Contains(out+errOut, "running") {
		t.Errorf("%s\n%s", out, errOut)
	}
	if out, errOut := storeVerb(t, dir, 14, "dump"); out != "" || !strings.Contains(errOut, "--salvage") {
		t.Errorf("%s\n%s", out, errOut)
	}
	out, errOut := storeVerb(t, dir, 14, "dump", "--salvage")
	if strings.Count(out, "- uid: ") != 6 || strings.Contains(out, "running") || !strings.Contains(out, "# The store was damaged") || !strings.Contains(errOut, "damaged: record bdb/0000000004") {
		t.Errorf("%s\n%s", out, errOut)
	}
	now, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(now, file) {
		t.Errorf("the file has changed: %v", err)
	}
	if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(long) {
		t.Errorf("the file was written to: %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("in the directory: %v, %v", files, err)
	}

	salvaged := filepath.Join(t.TempDir(), "salvaged.yaml")
	storeVerb(t, dir, 14, "dump", "--salvage", "-f", salvaged)
	if info, err := os.Stat(salvaged); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	storeVerb(t, dir, 14, "restore", salvaged)
	storeVerb(t, dir, 0, "restore", salvaged, "--set-aside")
	if out, _ := storeVerb(t, dir, 0, "check"); !strings.Contains(out, "databases  5") {
		t.Error(out)
	}
	if kept, err := os.ReadFile(path + ".old-1"); err != nil || !bytes.Equal(kept, file) {
		t.Errorf("the damaged store is not kept: %v", err)
	}
}

// TestRestoreElsewhere restores on a machine that has had no server yet.
func TestRestoreElsewhere(t *testing.T) {
	for _, flags := range [][]string{nil, {"--set-aside"}} {
		dir := filepath.Join(t.TempDir(), "var", "reimport")
		storeVerb(t, dir, 0, append([]string{"restore", "../../examples/demo.yaml"}, flags...)...)
		if out, _ := storeVerb(t, dir, 0, "check"); !strings.Contains(out, "databases  6") {
			t.Error(out)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%+v, %v", info, err)
		}
	}
}

// TestStoreInUse leaves the store of a server that runs alone.
func TestStoreInUse(t *testing.T) {
	dir := t.TempDir()
	s, err := bolt.Open(node.StoreIn(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, verb := range [][]string{{"check"}, {"dump"}, {"restore", "../../examples/demo.yaml"}, {"restore", "../../examples/demo.yaml", "--set-aside"}} {
		t.Run(strings.Join(verb, " "), func(t *testing.T) {
			t.Parallel()
			if _, errOut := storeVerb(t, dir, 1, verb...); !strings.Contains(errOut, "in use by another process") {
				t.Error(errOut)
			}
		})
	}
}
