package server

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/access"
)

// Lockouts is a directory with a file for each name that is locked out. It is there so that lock-outs outlive a restart,
// and so that they can be ended from outside: a server lets a name in again whose file is gone. The files are not synced,
// since a crash of the machine that ends a lock-out does no harm. Without a directory, "", nothing is kept.
type Lockouts string

// LockedName is a name that is locked out.
type LockedName struct {
	Name  string    `json:"name"`
	Until time.Time `json:"until"`
}

// List returns the names that are locked out at now, who is free first in front. It skips files that hold something else.
func (l Lockouts) List(now time.Time) ([]LockedName, error) {
	entries, err := os.ReadDir(string(l))
	if l == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []LockedName
	for _, entry := range entries {
		locked, readErr := l.read(entry.Name())
		if readErr == nil && now.Before(locked.Until) {
			names = append(names, locked)
		}
	}
	slices.SortFunc(names, func(a, b LockedName) int { return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.Name, b.Name)) })
	return names, err
}

// prune removes the files of lock-outs that are over.
func (l Lockouts) prune(now time.Time) {
	entries, _ := os.ReadDir(string(l)) // List has the error
	for _, entry := range entries {
		if locked, err := l.read(entry.Name()); err == nil && !now.Before(locked.Until) {
			_ = l.remove(locked.Name) // it is as good as gone
		}
	}
}

// End ends the lock-out of a name. It returns fs.ErrNotExist if the name is not locked out at now.
func (l Lockouts) End(name string, now time.Time) error {
	locked, err := l.read(fileOf(name))
	if err != nil {
		return err
	}
	if err := l.remove(name); err != nil {
		return err
	}
	if !now.Before(locked.Until) {
		return fs.ErrNotExist
	}
	return nil
}

func (l Lockouts) read(file string) (LockedName, error) {
	var locked LockedName
	data, err := os.ReadFile(filepath.Join(string(l), file)) //nolint:gosec // a name that is listed in the directory, or a hash
	if err == nil {
		err = json.Unmarshal(data, &locked)
	}
	if err == nil && (fileOf(locked.Name) != file || access.CheckEmail(locked.Name) != nil) {
		err = errors.New("not the file of a lock-out")
	}
	return locked, err
}

func (l Lockouts) write(locked LockedName) error {
	if l == "" {
		return nil
	}
	data, err := json.Marshal(locked)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(l), 0o700); err != nil {
		return err
	}
	return os.WriteFile(l.path(locked.Name), data, 0o600)
}

// has reports whether the name has a file. What cannot be known is taken for one.
func (l Lockouts) has(name string) bool {
	if l == "" {
		return true
	}
	_, err := os.Lstat(l.path(name))
	return !errors.Is(err, fs.ErrNotExist)
}

func (l Lockouts) remove(name string) error {
	if l == "" {
		return nil
	}
	return os.Remove(l.path(name))
}

func (l Lockouts) path(name string) string { return filepath.Join(string(l), fileOf(name)) }

// fileOf names the file of a name, which may itself hold anything.
func fileOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}
