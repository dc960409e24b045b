package source

import (
	"os"
	"syscall"
)

// spaceOf asks the filesystem of dir what a process without privileges may still write. Blocks are counted in fragments,
// which differ from Bsize on FUSE; a tmpfs without a limit has no blocks at all.
func spaceOf(dir string) (space, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return space{}, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	size := uint64(st.Frsize) //nolint:gosec // a size
	if size == 0 {
		size = uint64(st.Bsize) //nolint:gosec // a size
	}
	return space{free: st.Bavail * size, total: st.Blocks * size}, nil
}
