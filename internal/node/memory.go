package node

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// MachineMemory returns the memory in bytes that this process may use: the machine's, or less if a cgroup limits it. It is 0
// if the system does not say.
func MachineMemory() int64 { return machineMemory(os.DirFS("/")) }

func machineMemory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	meminfo, _ := fs.ReadFile(root, "proc/meminfo") // empty if there is none
	for line := range bytes.Lines(meminfo) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == "MemTotal:" {
			kib, _ := strconv.ParseInt(string(fields[1]), 10, 53)
			least = lower(least, kib<<10)
		}
	}
	cgroups, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(cgroups)) {
		least = lower(least, cgroupLimit(root, strings.TrimSpace(line)))
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// cgroupLimit returns the least limit of a cgroup, which a line of /proc/self/cgroup names, and of those above it; 0 for none.
func cgroupLimit(root fs.FS, line string) (least int64) {
	parts := strings.SplitN(line, ":", 3)
	if len(parts) < 3 {
		return 0
	}
	dir, file := "sys/fs/cgroup", "memory.max"
	switch {
	case parts[1] == "memory":
		dir, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
	case parts[1] != "": // another resource
		return 0
	}
	least = math.MaxInt64
	for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
		text, _ := fs.ReadFile(root, path.Join(dir, group, file))
		limit, _ := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64) // "max" is none
		least = lower(least, limit)
		if group == "/" {
			break
		}
	}
	return least
}

// lower returns the lower of two numbers of bytes, of which 0 is none.
func lower(least, limit int64) int64 {
	if limit <= 0 {
		return least
	}
	return min(least, limit)
}
