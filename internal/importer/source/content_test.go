package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func zip(t *testing.T, contents ...string) string {
	t.Helper()
	var buf bytes.Buffer
	for _, content := range contents {
		w := gzip.NewWriter(&buf)
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return buf.String()
}

func open(t *testing.T, o *Opener, dir, content string) *File {
	t.Helper()
	path := filepath.Join(dir, "file")
	write(t, path, content)
	f, err := o.Open(t.Context(), mount(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestContent(t *testing.T) {
	o, dir := newOpener(t)
	long := strings.Repeat("0123456789", 50_000)
	for _, test := range []struct{ name, file, want string }{
		{"plain", "REDIS0011", "REDIS0011"},
		{"empty", "", ""},
		{"one byte", "\x1f", "\x1f"},
		{"long", long, long},
		{"gzip", zip(t, "REDIS0011"), "REDIS0011"},
		{"gzip of nothing", zip(t, ""), ""},
		{"several members", zip(t, "REDIS", "", "00", "11", long), "REDIS0011" + long},
		{"followed by a zero", zip(t, "REDIS0011") + "\x00", "REDIS0011"},
		{"followed by zeros", zip(t, "REDIS", long) + strings.Repeat("\x00", 3*gzipBuf), "REDIS" + long},
		{"gzip within gzip", zip(t, zip(t, "x")), zip(t, "x")},
	} {
		f := open(t, o, dir, test.file)
		if got := read(t, f); got != test.want || f.Size != int64(len(test.file)) {
			t.Errorf("%s: got %.20q, size %d", test.name, got, f.Size)
		}
	}
}

// TestEmptyMembers: readers give up on one that yields nothing too often.
func TestEmptyMembers(t *testing.T) {
	o, dir := newOpener(t)
	r, err := open(t, o, dir, strings.Repeat(zip(t, ""), 500)+zip(t, "REDIS")).Content(unmetered)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bufio.NewReader(r).ReadString('S'); got != "REDIS" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDamagedGzip(t *testing.T) {
	o, dir := newOpener(t)
	whole := zip(t, strings.Repeat("0123456789", 100), "second")
	flipped := []byte(whole)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	inside := []byte(whole)
	inside[12] ^= 1
	for name, file := range map[string]string{
		"in the header":             whole[:5],
		"in the content":            whole[:20],
		"in the last checksum":      whole[:len(whole)-1],
		"followed by something":     whole + "0123456789abcdef",
		"followed by a byte":        whole + "x",
		"padded, then something":    whole + strings.Repeat("\x00", 512) + "x",
		"padded, then a member":     whole + strings.Repeat("\x00", 512) + whole,
		"padded within a member":    whole[:20] + strings.Repeat("\x00", 512),
		"cut in the second header":  whole + whole[:5],
		"bit flipped in a checksum": string(flipped),
		"bit flipped in content":    string(inside),
		"bad header":                "\x1f\x8b\xff" + whole[3:],
	} {
		r, err := open(t, o, dir, file).Content(unmetered)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want %v", name, err, ErrDamaged)
		}
	}
}

func TestExpansion(t *testing.T) {
	const size = 8 << 20
	o, dir := newOpener(t)
	file := zip(t, strings.Repeat("\x00", size))
	for _, test := range []struct {
		name        string
		grace, most int64
		want        error
	}{
		{"within both", size, size, nil},
		{"within the ratio's grace but too large", size, size - 1, ErrExpansion},
		{"beyond the ratio", size - ratio*int64(len(file)) - 1, size, ErrExpansion},
		{"grace and ratio together suffice", size - ratio*int64(len(file)), size, nil},
	} {
		o.grace, o.cfg.MaxExpansion = test.grace, test.most
		r, err := open(t, o, dir, file).Content(unmetered)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); !errors.Is(err, test.want) || n > size {
			t.Errorf("%s: got %v after %d bytes, want %v", test.name, err, n, test.want)
		}
	}
}

// TestMeterStops: what the meter says must come through gzip, which reports any error as damage.
func TestMeterStops(t *testing.T) {
	o, dir := newOpener(t)
	stop := errors.New("stop")
	for name, file := range map[string]string{"plain": "REDIS", "gzip": zip(t, "REDIS")} {
		f := open(t, o, dir, file)
		total := 0
		if r, err := f.Content(func(n int) error { total += n; return nil }); err != nil {
			t.Fatal(err)
		} else if _, err = io.Copy(io.Discard, r); err != nil || total != len(file) {
			t.Errorf("%s: %v, %d bytes metered of %d", name, err, total, len(file))
		}
		r, err := f.Content(func(int) error { return stop })
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if !errors.Is(err, stop) || errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want %v", name, err, stop)
		}
	}
}
