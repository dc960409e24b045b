package bolt

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// status is which file there is, and its size in bytes.
type status struct {
	device, inode uint64
	size          int64
	regular       bool
}

func (s status) same(o status) bool { return s.device == o.device && s.inode == o.inode }

func statusAt(path string) (status, error) {
	return statx(unix.AT_FDCWD, path, func() (fs.FileInfo, error) { return os.Stat(path) })
}

func statusOf(f *os.File) (status, error) { return statx(int(f.Fd()), "", f.Stat) }

// statx does not ask for times, as stat does: the file system would have to give the next write a time of its own, and a
// commit takes a fifth longer. If it fails, stat answers, or says why not.
func statx(dir int, path string, stat func() (fs.FileInfo, error)) (status, error) {
	var s unix.Statx_t
	if unix.Statx(dir, path, unix.AT_EMPTY_PATH, unix.STATX_TYPE|unix.STATX_INO|unix.STATX_SIZE, &s) == nil {
		return status{unix.Mkdev(s.Dev_major, s.Dev_minor), s.Ino, int64(s.Size), s.Mode&unix.S_IFMT == unix.S_IFREG}, nil //nolint:gosec // sizes fit
	}
	info, err := stat()
	if err != nil {
		return status{}, err
	}
	found := info.Sys().(*syscall.Stat_t)
	return status{uint64(found.Dev), found.Ino, info.Size(), info.Mode().IsRegular()}, nil //nolint:unconvert // the type differs by architecture
}
