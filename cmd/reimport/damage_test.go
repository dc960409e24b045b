package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDamagedStore starts a server on a data directory whose store was damaged in some way.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serve(t, dir, "--seed", "../../examples/demo.yaml", "--tls=false")
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "reimport.db")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		damage func() error
		want   string
	}{
		"missing":  {func() error { return os.Remove(path) }, "its file is missing"},
		"empty":    {func() error { return os.WriteFile(path, nil, 0o600) }, "the file is empty"},
		"cut off":  {func() error { return os.WriteFile(path, file[:4096*3], 0o600) }, "the file has 12288 bytes"},
		"no store": {func() error { return os.WriteFile(path, []byte(strings.Repeat("no store", 4096)), 0o600) }, "page 0: not a meta page"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := row.damage(); err != nil {
				t.Fatal(err)
			}
			cmd := command(t, serveArgs(dir, []string{"--seed", "../../examples/demo.yaml", "--tls=false"})...)
			said, _ := cmd.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(said)), "\n")
			if code := cmd.ProcessState.ExitCode(); code != 14 || len(lines) != 2 {
				t.Errorf("exit code %d: %s", code, said)
			}
			if !strings.HasPrefix(lines[0], "error: "+path+": store is damaged: "+row.want) || !strings.Contains(lines[1], "reimport store check") {
				t.Errorf("%s", said)
			}
		})
	}
}
