//go:build !linux

package bolt

import (
	"io/fs"
	"os"
)

// status is which file there is, and its size in bytes.
type status struct {
	info    fs.FileInfo
	size    int64
	regular bool
}

func (s status) same(o status) bool { return os.SameFile(s.info, o.info) }

func statusAt(path string) (status, error) { return statusFrom(os.Stat(path)) }

func statusOf(f *os.File) (status, error) { return statusFrom(f.Stat()) }

func statusFrom(info fs.FileInfo, err error) (status, error) {
	if err != nil {
		return status{}, err
	}
	return status{info, info.Size(), info.Mode().IsRegular()}, nil
}
