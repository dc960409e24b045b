//go:build unix && !linux

package dataplane

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
)

// stampScript sets stamp, in a shell that is about to become the process, to what stampOf returns of it.
const stampScript = `stamp=$(ps -o lstart= -p $$) && stamp=$(echo $stamp)`

// stampOf returns when the process started, to the second, which no other process with this number has but by a clock set
// back. It is empty if there is no such process, or one that has ended and waits for its parent.
func stampOf(pid int) (string, error) {
	cmd := exec.Command("ps", "-o", "stat=", "-o", "lstart=", "-p", strconv.Itoa(pid))
	cmd.Env = environment()
	out, err := cmd.Output()
	fields := strings.Fields(string(out))
	if _, refused := errors.AsType[*exec.ExitError](err); refused || err == nil && len(fields) == 0 {
		return "", nil
	}
	if err != nil || strings.HasPrefix(fields[0], "Z") {
		return "", err
	}
	return strings.Join(fields[1:], " "), nil
}
