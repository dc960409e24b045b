//go:build unix

package dataplane

import (
	"fmt"
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

// placeOf returns what a directory keeps when it is moved, and a copy of it does not have.
func placeOf(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino), nil
}
