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

var (
	errNotRegular = errors.New("expected a regular file")
	errForbidden  = errors.New("it leads to a directory of Redis Software")
)

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
	_, err = o.resolve(dir)
	return err
}

// resolve returns where path leads by way of symlinks, and refuses a forbidden directory there.
func (o *Opener) resolve(path string) (string, error) {
	actual, err := filepath.EvalSymlinks(path)
	if err == nil && o.isForbidden(actual) {
		err = errForbidden
	}
	return actual, err
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

func (o *Opener) openPath(path string) (*os.File, error) {
	file, err := o.openBelow(o.mountOf(filepath.Clean(path)), path)
	if err != nil {
		return nil, unavailable(err)
	}
	return file, nil
}

// openBelow opens the file that path, which expectedPath accepts, leads to. Symlinks are resolved first, for os.Root takes
// no absolute one even where it stays below dir; it is os.Root that then sees to it that nothing leads out.
func (o *Opener) openBelow(dir, path string) (*os.File, error) {
	actual, err := o.resolve(path)
	if err != nil {
		return nil, err
	}
	if dir, err = o.resolve(dir); err != nil {
		return nil, err
	}
	name, err := filepath.Rel(dir, actual)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return openRegular(root, name)
}

// openRegular looks before it opens, since opening a device may already do something.
func openRegular(root *os.Root, name string) (*os.File, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	return openAnything(root, name)
}

// openAnything looks again at what it has opened. O_NONBLOCK keeps a FIFO that came in between from holding it.
func openAnything(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
