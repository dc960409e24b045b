package dataplane

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// stampScript sets stamp, in a shell that is about to become the process, to what stampOf returns of it.
const stampScript = `read -r boot </proc/sys/kernel/random/boot_id && read -r stat </proc/$$/stat && set -- $stat && stamp="$boot ${22}"`

// stampOf returns what no other process with this number has or had: this boot of the machine, and the clock tick of it at
// which the process started. It is empty if there is no such process, or one that has ended and waits for its parent.
func stampOf(pid int) (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	_, after, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ") // the name may have spaces
	fields := strings.Fields(after)
	const state, start = 3, 22 // as proc(5) numbers them
	if len(fields) <= start-state {
		return "", fmt.Errorf("/proc/%d/stat: expected %d fields", pid, start)
	}
	if s := fields[0]; s == "Z" || s == "X" {
		return "", nil
	}
	return strings.TrimSpace(string(boot)) + " " + fields[start-state], nil
}
