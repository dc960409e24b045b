//go:build unix

package dataplane

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps what a terminal sends to this process, such as Ctrl-C, from the one that cmd starts.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

var (
	saveAndEnd os.Signal = syscall.SIGTERM
	endNow     os.Signal = syscall.SIGKILL
)
