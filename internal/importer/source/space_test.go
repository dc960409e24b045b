package source

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

// body serves size bytes, their number announced or not.
func body(t *testing.T, size int, announced bool) database.Source {
	return web(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if announced {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		} else {
			w.(http.Flusher).Flush()
		}
		io.WriteString(w, strings.Repeat("x", size))
	}).URL)
}

// TestShortDisk asks the real disk to keep more free than it has.
func TestShortDisk(t *testing.T) {
	disk, err := spaceOf(t.TempDir())
	if err != nil || disk.total == 0 {
		t.Skipf("this disk does not tell its space: %v", err)
	}
	o, _ := newOpener(t)
	for _, announced := range []bool{true, false} {
		for reserve, fits := range map[int64]bool{1: true, int64(disk.total): false, math.MaxInt64: false} {
			o.cfg.SpoolReserve = reserve
			f, err := o.Open(t.Context(), body(t, 1000, announced))
			short, ok := errors.AsType[*shortDisk](err)
			switch {
			case fits && err != nil, !fits && (!ok || !errors.Is(err, ErrUnavailable)):
				t.Errorf("reserve %d, announced %v: %v", reserve, announced, err)
			case fits:
				f.Close()
			case short.reserve != uint64(reserve) || announced && short.needed != 1000 || !strings.Contains(err.Error(), fmt.Sprint(short.free)):
				t.Errorf("reserve %d, announced %v: %v", reserve, announced, err)
			}
		}
	}
}

func TestRoom(t *testing.T) {
	const mib = 1 << 20
	o, _ := newOpener(t)
	for _, test := range []struct {
		reserve     int64
		free, total uint64
		needed      uint64
		fits        bool
	}{
		{100, 110, 1000, 10, true},
		{100, 110, 1000, 11, false},
		{100, 99, 1000, 0, false},
		{100, 110, 1000, math.MaxUint64, false},
		{0, 256*mib + 10, 1000 * mib, 10, true}, // 256 MiB
		{0, 256*mib + 10, 1000 * mib, 11, false},
		{0, 500*mib + 10, 10_000 * mib, 10, true}, // 5 %
		{0, 500*mib + 10, 10_000 * mib, 11, false},
		{0, 0, 0, 10, true}, // does not tell
	} {
		o.cfg.SpoolReserve = test.reserve
		o.space = func(string) (space, error) { return space{test.free, test.total}, nil }
		if err := o.room(test.needed); (err == nil) != test.fits || !test.fits && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// TestDiskFillsUp: another process writes to the disk, too, while a download is under way.
func TestDiskFillsUp(t *testing.T) {
	const size, spare = 3 * spaceEvery, 1 << 20
	o, _ := newOpener(t)
	o.cfg.MaxDownload, o.cfg.SpoolReserve = size, 1000
	for _, announced := range []bool{true, false} {
		for lost, fits := range map[uint64]bool{spare / 2: true, 2 * spare: false} {
			looks := 0
			o.space = func(string) (space, error) {
				free := uint64(size + spare + 1000)
				if looks++; looks > 2 { // the first two are at the start
					free -= uint64(looks-2)*spaceEvery + lost
				}
				return space{free, 1 << 40}, nil
			}
			f, err := o.Open(t.Context(), body(t, size, announced))
			short, isShort := errors.AsType[*shortDisk](err)
			if isShort == fits || fits && err != nil || isShort && (short.free < 1000 || !errors.Is(err, ErrUnavailable)) {
				t.Errorf("%d bytes lost, announced %v: %v", lost, announced, err)
			}
			if looks < 4 || looks > 6 {
				t.Errorf("%d bytes lost, announced %v: looked %d times, want about one for each of %d", lost, announced, looks, spaceEvery)
			}
			if err == nil {
				f.Close()
			}
			if left, err := os.ReadDir(o.cfg.SpoolDir); err != nil || len(left) > 0 {
				t.Errorf("spool directory: %v, %v", left, err)
			}
		}
	}
}
