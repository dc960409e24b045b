package main_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/reimport/reimport/client"
)

// TestUnlock follows a lock-out over the crash of the server, until an operator ends it while the next one runs.
func TestUnlock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	start := func() *process {
		return serve(t, dir, "--seed", "../../examples/demo.yaml", "--lockout-failures", "1")
	}
	logIn := func(p *process, password string, want error) {
		t.Helper()
		if _, err := p.client("admin@example.com", password).ListDatabases(t.Context()); !errors.Is(err, want) {
			t.Fatalf("%q: %v, want %v", password, err, want)
		}
	}
	unlock := func(want int, args ...string) string {
		t.Helper()
		cmd := command(t, append([]string{"unlock"}, args...)...)
		cmd.Env = append(cmd.Env, "REIMPORT_DATA_DIR="+dir)
		out, err := cmd.Output()
		exit := new(exec.ExitError)
		if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != want {
			t.Fatalf("unlock %v: %v, want exit code %d; %s", args, err, want, exit.Stderr)
		}
		return string(out) + string(exit.Stderr)
	}
	p := start()
	logIn(p, "wrong", client.ErrUnauthorized)
	p.end(syscall.SIGKILL)
	p = start()
	logIn(p, "demo-admin", client.ErrUnauthorized)
	if list := unlock(0); !strings.HasPrefix(list, "admin@example.com  until ") || strings.Count(list, "\n") != 1 {
		t.Fatalf("listed: %q", list)
	}
	unlock(5, "viewer@example.com")
	unlock(5, "admin@example.com", "--data-dir", t.TempDir())
	unlock(0, "admin@example.com")
	logIn(p, "demo-admin", nil)
	if list := unlock(0); list != "" {
		t.Fatalf("listed: %q", list)
	}
	if said := unlock(5, "admin@example.com"); !strings.Contains(said, "admin@example.com is not locked out") {
		t.Fatalf("said: %q", said)
	}
	unlock(2, "admin@example.com", "viewer@example.com")
}
