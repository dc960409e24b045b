package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

// newOpener returns an Opener that allows everything, and the directory it may open files below.
func newOpener(t *testing.T) (*Opener, string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o, err := New(Config{
		MountPoints: []string{dir}, AllowPrivate: true, SpoolDir: filepath.Join(t.TempDir(), "spool"),
		MaxDownload: 1 << 20, MaxFile: 1 << 20, MaxExpansion: 1 << 30, SpoolReserve: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return o, dir
}

func mount(path string) database.Source {
	return database.Source{Type: database.SourceMountPoint, Location: path}
}

func web(url string) database.Source { return database.Source{Type: database.SourceURL, Location: url} }

func unmetered(int) error { return nil }

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	o, dir := newOpener(t)
	none, err := New(Config{SpoolDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		opener   *Opener
		src      database.Source
		field    string
		expected string
	}{
		{"file", o, mount(dir + "/a.rdb"), "", ""},
		{"file further below", o, mount(dir + "/a//b/./c.rdb"), "", ""},
		{"relative", o, mount("a.rdb"), "path", "absolute"},
		{"empty", o, mount(""), "path", "absolute"},
		{"up and down again", o, mount(dir + "/a/../b.rdb"), "path", `".."`},
		{"up", o, mount(dir + "/../b.rdb"), "path", `".."`},
		{"zero byte", o, mount(dir + "/a\x00.rdb"), "path", "zero"},
		{"elsewhere", o, mount("/etc/passwd"), "path", "directory that this server may import from"},
		{"sibling with the same beginning", o, mount(dir + "x/a.rdb"), "path", "directory that this server may import from"},
		{"mount point itself", o, mount(dir), "path", "directory that this server may import from"},
		{"forbidden", o, mount("/var/opt/redislabs/a.rdb"), "path", "outside /opt/redislabs"},
		{"forbidden, untidy", o, mount("/var/./opt//redislabs/a.rdb"), "path", "outside /opt/redislabs"},
		{"forbidden directory itself", o, mount("/etc/opt/redislabs"), "path", "outside /opt/redislabs"},
		{"no mount points", none, mount(dir + "/a.rdb"), "path", "no mount points"},
		{"http", o, web("http://example.com/a.rdb?signature=SECRET"), "", ""},
		{"https in capitals", o, web("HTTPS://user:SECRET@example.com/a.rdb"), "", ""},
		{"ftp", o, web("ftp://user:SECRET@example.com/a.rdb"), "url", "ftp yet"},
		{"ftps", o, web("ftps://user:SECRET@example.com/a.rdb"), "url", "ftps yet"},
		{"other scheme", o, web("file:///etc/SECRET"), "url", "http or https"},
		{"no scheme", o, web("example.com/SECRET"), "url", "http or https"},
		{"no host", o, web("http:///SECRET"), "url", "host"},
		{"only a port", o, web("http://user:SECRET@:80/a"), "url", "host"},
		{"opaque", o, web("http:SECRET"), "url", "host"},
		{"no URL", o, web("http://user:SECRET@exa mple.com/%zz"), "url", "a URL such as"},
		{"bad port", o, web("http://user:SECRET@example.com:x/"), "url", "a URL such as"},
		{"other type", o, database.Source{Type: "s3", Location: "SECRET"}, "type", "mount_point or url"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.opener.Check(test.src)
			field, ok := errors.AsType[*database.FieldError](err)
			switch {
			case test.field == "" && err != nil, test.field != "" && !ok:
				t.Errorf("got %v", err)
			case ok && (field.Field != test.field || !strings.Contains(field.Expected, test.expected)):
				t.Errorf("got %v, want %s: %s", err, test.field, test.expected)
			case ok && strings.Contains(err.Error(), "SECRET"):
				t.Errorf("%q quotes the URL", err)
			}
			if ok {
				if _, err := test.opener.Open(t.Context(), test.src); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), test.expected) {
					t.Errorf("Open: got %v, want %v, %s", err, ErrUnavailable, test.expected)
				}
			}
		})
	}
}

func TestLabel(t *testing.T) {
	for _, test := range []struct {
		src  database.Source
		want string
	}{
		{mount("/mnt/a.rdb"), "/mnt/a.rdb"},
		{web("https://user:SECRET@example.com:8443/a%20b.rdb?X-Amz-Signature=SECRET#SECRET"), "https://example.com:8443/a%20b.rdb"},
		{web("http://user:SECRET@exa mple.com/"), "a URL that cannot be parsed"},
	} {
		if got := Label(test.src); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for name, cfg := range map[string]Config{
		"relative mount point":  {SpoolDir: t.TempDir(), MountPoints: []string{"mnt"}},
		"missing mount point":   {SpoolDir: t.TempDir(), MountPoints: []string{file + "x"}},
		"file as a mount point": {SpoolDir: t.TempDir(), MountPoints: []string{file}},
		"file as spool":         {SpoolDir: file},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
