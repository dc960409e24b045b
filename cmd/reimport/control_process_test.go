package main_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestControlsOfServe has a shell that knows the ready file alone control a server over a socket, also one after a server that
// was killed. The socket goes with the server.
func TestControlsOfServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	socket, ready := filepath.Join(dir, "s"), filepath.Join(dir, "ready.env")
	args := []string{"--controls", "unix:" + socket, "--ready-file", ready, "--seed", "../../examples/demo.yaml", "--tls=false"}
	serve(t, filepath.Join(dir, "data"), args...).end(syscall.SIGKILL)
	p := serve(t, filepath.Join(dir, "data"), args...)
	if p.controls != "unix:"+socket {
		t.Errorf("the controls are at %q", p.controls)
	}
	script := exec.Command("sh", "-euc", `
		set -a; . "$0"; set +a
		reimport db delete 1 >/dev/null
		reimport control reset -q result
		reimport db get 1 -q name
		test "$(stat -c %a "${REIMPORT_CONTROLS_URL#unix:}")" = 600`, ready)
	script.Env = append(os.Environ(), "REDIS_ENTERPRISE_USER=admin@example.com", "REDIS_ENTERPRISE_PASSWORD=demo-admin")
	out, err := script.CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") != 2 || !strings.HasPrefix(string(out), "\"reset\"\n") {
		t.Errorf("%v: %s", err, out)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
}

// TestControlsInPublic refuses a start that would let other machines control the server, and writes nothing.
func TestControlsInPublic(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	cmd := command(t, serveArgs(dir, nil)...)
	cmd.Env = append(cmd.Env, "REIMPORT_CONTROLS=0.0.0.0:0")
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "--controls: expected host:port with a loopback address") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data directory is there: %v", err)
	}
}
