package source

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// TestInflatedOnce: what a gzip file inflates to is kept if there is room, and the meter then counts that.
func TestInflatedOnce(t *testing.T) {
	content := strings.Repeat("0123456789", 300_000)
	file := zip(t, content[:1000], content[1000:])
	for _, c := range []struct {
		name    string
		reserve int64
		size    int
	}{{"room", 1, len(content)}, {"no room", math.MaxInt64, len(file)}} {
		t.Run(c.name, func(t *testing.T) {
			o, dir := newOpener(t)
			o.cfg.SpoolReserve = c.reserve
			f := open(t, o, dir, file)
			if f.ContentSize() != int64(len(file)) {
				t.Errorf("%d bytes to read before the first time", f.ContentSize())
			}
			if got := read(t, f); got != content {
				t.Errorf("the first time, %d bytes", len(got))
			}
			if f.ContentSize() != int64(c.size) {
				t.Errorf("%d bytes to read after the first time, want %d", f.ContentSize(), c.size)
			}
			for range 2 {
				metered := 0
				r, err := f.Content(func(n int) error { metered += n; return nil })
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); string(got) != content || err != nil || metered != c.size {
					t.Errorf("%d bytes, %d of them metered, %v", len(got), metered, err)
				}
			}
		})
	}
}

// TestInflatedLeavesRoom: what is kept takes no more than half of the room, as a download that finds none fails.
func TestInflatedLeavesRoom(t *testing.T) {
	const size = 4 * spaceEvery
	content := strings.Repeat("0123456789abcdef", size/16)
	for free, kept := range map[uint64]bool{2*size + spaceEvery: true, size + spaceEvery: false} {
		o, dir := newOpener(t)
		o.cfg.SpoolReserve = 1
		left := free
		o.space = func(string) (space, error) {
			defer func() { left -= spaceEvery }()
			return space{left, 1 << 40}, nil
		}
		f := open(t, o, dir, zip(t, content))
		if got := read(t, f); got != content {
			t.Errorf("%d bytes", len(got))
		}
		if is := f.ContentSize() == size; is != kept {
			t.Errorf("with %d bytes free, kept: %v", free, is)
		}
	}
}

// TestPartlyInflated: what was not read to its end is not taken for the whole.
func TestPartlyInflated(t *testing.T) {
	o, dir := newOpener(t)
	content := strings.Repeat("0123456789", 1_000_000)
	f := open(t, o, dir, zip(t, content))
	r, err := f.Content(unmetered)
	if err == nil {
		_, err = io.ReadFull(r, make([]byte, 5))
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, f); got != content {
		t.Errorf("got %d bytes", len(got))
	}
	if _, err := f.Content(unmetered); err != nil { // which nobody reads
		t.Fatal(err)
	}
}

// TestQuietInflation: a file that makes nothing for long is metered meanwhile.
func TestQuietInflation(t *testing.T) {
	o, dir := newOpener(t)
	o.cfg.MaxFile = 10 * aheadQuiet
	stop := errors.New("stop")
	f := open(t, o, dir, zip(t, "REDIS")+strings.Repeat("\x00", 5*aheadQuiet))
	calls := 0
	r, err := f.Content(func(n int) error {
		if calls++; calls > 2 {
			return stop
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); len(got) > 5 || !errors.Is(err, stop) {
		t.Errorf("%q, %v", got, err)
	}
}
