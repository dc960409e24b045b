package main_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/store"
)

// TestStartsAtOnce starts several servers on one data directory, which is not there before. One of them serves, with a
// certificate that its CA has signed and the password that it has shown. The others say why they do not.
func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	const starts = 4
	serving, refused := make(chan *process, starts), make(chan *process, starts)
	for range starts {
		p := &process{Cmd: command(t, serveArgs(dir, nil)...), t: t, dir: dir}
		go func() {
			if p.listens() {
				serving <- p
			} else {
				refused <- p
			}
		}()
	}
	var p *process
	select {
	case p = <-serving:
	case <-time.After(time.Minute):
		t.Fatal("none serves")
	}
	t.Cleanup(func() { p.Process.Kill(); p.Wait() })
	for range starts - 1 {
		select {
		case other := <-refused:
			other.inUse()
		case other := <-serving:
			other.Process.Kill()
			t.Fatal("two of them serve")
		}
	}
	if _, err := p.client("admin@redis.local", p.password()).ListDatabases(t.Context()); err != nil {
		t.Error(err)
	}
	// What is missing, a start would make: one that is refused makes nothing.
	for _, name := range []string{"tls", "users.yaml", "spool", "node-id"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	late := &process{Cmd: command(t, serveArgs(dir, nil)...), t: t, dir: dir}
	if late.listens() {
		late.Process.Kill()
		t.Fatal("two of them serve")
	}
	late.inUse()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 || left[0].Name() != "reimport.db" || left[1].Name() != "reimport.db.lock" {
		t.Errorf("a start that is refused leaves %v: %v", left, err)
	}
}

// inUse checks that a start was refused because another server has the data directory.
func (p *process) inUse() {
	p.t.Helper()
	if code := p.ProcessState.ExitCode(); code != 1 || len(p.stdout) > 0 || !strings.Contains(p.stderr.String(), store.ErrLocked.Error()) {
		p.t.Errorf("exit code %d, %q\n%s", code, p.stdout, &p.stderr)
	}
}

// TestPasswordThatNobodySees starts servers whose standard output goes nowhere. They refuse, and the next start shows a
// password.
func TestPasswordThatNobodySees(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, to := range []string{">&-", ">/dev/null", ">/dev/full"} {
		server := command(t, serveArgs(dir, nil)...)
		shell := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", `exec "$0" "$@" ` + to, server.Path}, server.Args[1:]...)...)
		shell.Env = server.Env
		out, err := shell.CombinedOutput()
		if shell.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "--users: ") {
			t.Errorf("%s: %v\n%s", to, err, out)
		}
		if users, err := filepath.Glob(filepath.Join(dir, "users.yaml*")); err != nil || len(users) > 0 {
			t.Errorf("%s leaves %v", to, users)
		}
	}
	p := serve(t, dir)
	if _, err := p.client("admin@redis.local", p.password()).ListDatabases(t.Context()); err != nil {
		t.Error(err)
	}
}
