package source

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOpenPath(t *testing.T) {
	o, dir := newOpener(t)
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret"), "secret")
	write(t, filepath.Join(dir, "file"), "content")
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "folder"), 0o700),
		syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600),
		os.Symlink("../file", filepath.Join(dir, "folder", "link")),
		os.Symlink(filepath.Join(dir, "file"), filepath.Join(dir, "absolute link")),
		os.Symlink("fifo", filepath.Join(dir, "fifo link")),
		os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "absolute")),
		os.Symlink(filepath.Join("..", "..", filepath.Base(filepath.Dir(outside)), filepath.Base(outside), "secret"), filepath.Join(dir, "relative")),
		os.Symlink(outside, filepath.Join(dir, "way out")),
		os.Symlink("/dev/zero", filepath.Join(dir, "device")),
		os.Symlink("loop", filepath.Join(dir, "loop")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"file", "folder/link", "absolute link"} {
		f, err := o.Open(t.Context(), mount(filepath.Join(dir, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		defer f.Close()
		if got := read(t, f); got != "content" || f.Size != 7 {
			t.Errorf("%s: got %q, size %d", name, got, f.Size)
		}
	}
	for _, name := range []string{
		"missing", "folder", "fifo", "fifo link", "absolute", "relative", "way out/secret", "device", "loop", "file/x",
	} {
		if _, err := o.Open(t.Context(), mount(filepath.Join(dir, name))); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got %v, want %v", name, err, ErrUnavailable)
		}
	}
}

// TestOpenAnything is about what may come between the look and the opening.
func TestOpenAnything(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := openAnything(root, "fifo"); !errors.Is(err, errNotRegular) {
		t.Errorf("got %v, want %v", err, errNotRegular)
	}
}

func TestSymlinkToForbidden(t *testing.T) {
	o, dir := newOpener(t)
	if err := os.Mkdir(filepath.Join(dir, "forbidden"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "forbidden", "file"), "content")
	if err := os.Symlink("forbidden", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	f, err := o.Open(t.Context(), mount(filepath.Join(dir, "link", "file")))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	o.forbidden = []string{filepath.Join(dir, "forbidden")}
	if _, err := o.Open(t.Context(), mount(filepath.Join(dir, "link", "file"))); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
}

// read returns the content twice over if it is the same both times.
func read(t *testing.T, f *File) string {
	t.Helper()
	var got [2]string
	for i := range got {
		r, err := f.Content(unmetered)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = string(all)
	}
	if got[0] != got[1] {
		t.Errorf("the second reading gives %q, the first %q", got[1], got[0])
	}
	return got[0]
}
