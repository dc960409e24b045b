package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// serves runs a server in root as a container would, and asks for its health in there.
func serves(t *testing.T, root string) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPING a run of the image: only root may change the root directory")
	}
	// The way there is the test's, for root alone.
	for dir := root; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	inside := func(args ...string) *exec.Cmd {
		return &exec.Cmd{
			Path: "/reimport", Args: append([]string{"/reimport"}, args...), Dir: "/",
			Env: []string{"REIMPORT_LISTEN=:0", "REIMPORT_DATA_DIR=/data", "REIMPORT_READY_FILE=/data/ready.env"},
			SysProcAttr: &syscall.SysProcAttr{
				Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}, Pdeathsig: syscall.SIGKILL,
			},
		}
	}
	server := inside("serve")
	var out, errOut bytes.Buffer
	server.Stdout, server.Stderr = &out, &errOut
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	said, err := inside("health", "--insecure", "--wait", "30s").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "up https://127.0.0.1:") {
		t.Errorf("%v: %s", err, said)
	}
	if said, err := inside("health").CombinedOutput(); err != nil { // it trusts the CA that the server has made
		t.Errorf("%v: %s", err, said)
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(server.Process.Pid) + "/status")
	if err != nil || !strings.Contains(string(status), "Uid:\t65532\t65532\t65532\t65532") {
		t.Errorf("%v: %s", err, status)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s%s", err, &out, &errOut)
	}
}
