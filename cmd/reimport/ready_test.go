package main_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestReadyFile has a shell read the file of a server, in the place of one that a dead process has left, and ends the
// server, which takes the file away.
func TestReadyFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(dir, "ready.env")
	dead := command(t, "version")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	stale := []byte("REDIS_ENTERPRISE_URL=http://127.0.0.1:1\nREDIS_ENTERPRISE_CA_CERT=\nREIMPORT_CONTROLS_URL=\nREIMPORT_PID=" + strconv.Itoa(dead.Process.Pid) + "\n")
	if err := os.WriteFile(ready, stale, 0o600); err != nil {
		t.Fatal(err)
	}
	refused := command(t, serveArgs(filepath.Join(dir, "data"), []string{"--ready-file", ready, "--tls-cert", "x", "--tls-key", "y"})...)
	if err := refused.Run(); err == nil {
		t.Fatal("it starts with a certificate that is not there")
	}
	if _, err := os.Stat(ready); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a start that fails leaves the file of a dead process: %v", err)
	}
	p := serve(t, filepath.Join(dir, "data"), "--ready-file", ready, "--seed", "../../examples/demo.yaml")
	shell := exec.Command("sh", "-euc", `. "$0"; cat "$REDIS_ENTERPRISE_CA_CERT" >&2; echo "$REDIS_ENTERPRISE_URL $REIMPORT_PID $REIMPORT_CONTROLS_URL."`, ready)
	shell.Dir = t.TempDir()
	out, err := shell.Output()
	if want := p.url + " " + strconv.Itoa(p.Process.Pid) + " .\n"; err != nil || string(out) != want {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
	if out, err := command(t, "health", "--ready-file", ready).CombinedOutput(); err != nil || string(out) != "up "+p.url+"\n" {
		t.Errorf("%v: %s", err, out)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "data" {
		t.Errorf("%v: it leaves %v", err, left)
	}
}

// TestReadyFileOfTwo starts two servers that have the same file. It is that of the later, and stays when the other ends.
func TestReadyFileOfTwo(t *testing.T) {
	t.Parallel()
	ready := filepath.Join(t.TempDir(), "ready.env")
	args := []string{"--ready-file", ready, "--seed", "../../examples/demo.yaml", "--tls=false"}
	first, second := serve(t, t.TempDir(), args...), serve(t, t.TempDir(), args...)
	if err := first.end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(ready); err != nil || !strings.HasPrefix(string(text), "REDIS_ENTERPRISE_URL="+second.url+"\n") {
		t.Errorf("%v: %s", err, text)
	}
}

// TestReadyFileRefused wants nothing written by a start that cannot write the file.
func TestReadyFileRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	out, err := command(t, serveArgs(dir, []string{"--ready-file", filepath.Join(dir, "ready.env")})...).CombinedOutput()
	if _, statErr := os.Stat(dir); err == nil || !errors.Is(statErr, fs.ErrNotExist) {
		t.Errorf("%v, data directory: %v\n%s", err, statErr, out)
	}
}
