package source

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// redisSoftwareDirs are the directories that Redis Software 8.2 no longer imports from (release notes of 8.2.0-25).
func redisSoftwareDirs() []string {
	return []string{"/opt/redislabs", "/var/opt/redislabs", "/etc/opt/redislabs"}
}

var errNotRegular = errors.New("expected a regular file")

func (o *Opener) addMountPoint(dir string) error {
	if !filepath.IsAbs(dir) {
		return errors.New("expected an absolute path")
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("expected a directory")
	}
	o.mounts = append(o.mounts, filepath.Clean(dir))
	return o.checkReal(dir)
}

// checkReal refuses a path that leads to a forbidden directory by way of symlinks.
func (o *Opener) checkReal(path string) error {
	actual, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if o.isForbidden(actual) {
		return errors.New("it leads to a directory of Redis Software")
	}
	return nil
}

func (o *Opener) isForbidden(path string) bool {
	return slices.ContainsFunc(o.forbidden, func(dir string) bool { return within(dir, path) })
}

// within reports whether the clean path is dir or below it, as text.
func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// expectedPath says what a mount_point's path should have been, "" if it is fine.
func (o *Opener) expectedPath(path string) string {
	clean := filepath.Clean(path)
	switch {
	case !filepath.IsAbs(path):
		return "an absolute path"
	case slices.Contains(strings.Split(path, "/"), ".."):
		return `a path without ".."`
	case strings.ContainsRune(path, 0):
		return "a path without zero bytes"
	case o.isForbidden(clean):
		return "a path outside " + strings.Join(o.forbidden, ", ")
	case len(o.mounts) == 0:
		return "another type of source, as this server allows no mount points"
	case o.mountOf(clean) == "":
		return "a file below a directory that this server may import from"
	}
	return ""
}

func (o *Opener) mountOf(clean string) string {
	i := slices.IndexFunc(o.mounts, func(dir string) bool { return dir != clean && within(dir, clean) })
	if i < 0 {
		return ""
	}
	return o.mounts[i]
}

// openPath opens the file at path, which expectedPath accepts. os.Root sees to it that symlinks do not lead out.
func (o *Opener) openPath(path string) (*os.File, error) {
	path = filepath.Clean(path)
	dir := o.mountOf(path)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unavailable(err)
	}
	defer root.Close()
	if err := o.checkReal(path); err != nil {
		return nil, unavailable(err)
	}
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return nil, unavailable(err)
	}
	file, err := openRegular(root, name)
	if err != nil {
		return nil, unavailable(err)
	}
	return file, nil
}

// openRegular looks before it opens, since opening a device may already do something, and again at what it has opened.
// O_NONBLOCK keeps a FIFO that came in between from holding it.
func openRegular(root *os.Root, name string) (*os.File, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
