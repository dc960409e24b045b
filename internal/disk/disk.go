// Package disk makes files and directories that are there after a loss of power. The content of a file is on disk once the
// file is synced, and its name once the directory is.
package disk

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteFile is os.WriteFile for a new file. When it returns nil the content is on disk; SyncDir brings the name there.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm) //nolint:gosec // the caller's
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// SyncDir brings the names in a directory to the disk.
func SyncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the caller's
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// MkdirAll is os.MkdirAll. When it returns nil, the directories that it has made are on disk.
func MkdirAll(path string, perm os.FileMode) error {
	path = filepath.Clean(path)
	var made []string // the directories above those that are missing
	for at := path; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		made = append(made, filepath.Dir(at))
	}
	if err := os.MkdirAll(path, perm); err != nil {
		return err
	}
	for _, above := range made {
		if err := SyncDir(above); err != nil {
			return err
		}
	}
	return nil
}
