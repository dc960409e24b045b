package importer_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
)

// mostMemory is what an importing process may take over an idle one, in bytes.
const mostMemory = 64 << 20

// memory watches the process, at every look, from before its imports to their end.
type memory struct {
	idle, most uint64
	stop       chan struct{}
	stopped    sync.WaitGroup
}

func watchMemory() *memory {
	debug.FreeOSMemory()
	m := &memory{idle: taken(), stop: make(chan struct{})}
	m.stopped.Go(func() {
		look := time.NewTicker(5 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-look.C:
				m.most = max(m.most, taken())
			case <-m.stop:
				return
			}
		}
	})
	return m
}

// taken is what the Go runtime has of the system, less what it gave back.
func taken() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.Sys - s.HeapReleased
}

func (m *memory) check(t *testing.T) {
	t.Helper()
	close(m.stop)
	m.stopped.Wait()
	over := int64(m.most) - int64(m.idle)
	t.Logf("%d KiB over the %d KiB of the idle process", over>>10, m.idle>>10)
	if m.most == 0 || over > mostMemory {
		t.Errorf("%d MiB over idle, want at most %d", over>>20, mostMemory>>20)
	}
}

// writeLarge writes an RDB file of about size bytes, of values of the given length, without holding any of them.
func writeLarge(w io.Writer, size, value int) error {
	out := &summed{w: bufio.NewWriterSize(w, 64<<10)}
	noise := make([]byte, 64<<10)
	for i := range noise {
		noise[i] = byte(i * i >> 7)
	}
	out.Write(newDump().b)
	d := &dump{}
	for i := 0; i*value < size; i++ {
		d.b = d.b[:0]
		d.raw(byte(rdb.TypeString)).text(fmt.Sprintf("key:%d", i)).raw(0x80)
		out.Write(binary.BigEndian.AppendUint32(d.b, uint32(value)))
		for left := value; left > 0; left -= len(noise) {
			out.Write(noise[:min(left, len(noise))])
		}
	}
	out.Write([]byte{255})
	out.Write(binary.LittleEndian.AppendUint64(nil, out.sum))
	return out.w.Flush() // which tells of any error before
}

type summed struct {
	w   *bufio.Writer
	sum uint64
}

func (s *summed) Write(p []byte) (int, error) {
	s.sum = rdb.CRC64(s.sum, p)
	return s.w.Write(p)
}

func TestMemoryOfLargeDownloads(t *testing.T) {
	size := 300 << 20
	if slowed {
		size /= 10
	}
	m := watchMemory()
	b := newBench(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value := 200
		if r.URL.Path == "/long" {
			value = size / 3
		}
		if err := writeLarge(w, size, value); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	long, short := b.create(0), b.create(0)
	b.start(long, web(s.URL+"/long"))
	b.start(short, web(s.URL+"/short"))
	for _, uid := range []int{long, short} {
		b.ended(uid)
		b.wantSuccess(b.get(uid))
	}
	m.check(t)
}

// bomb returns a gzip file of a valid dump, but for its checksum, of size MiB of zeros.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	list := newDump().raw(byte(rdb.TypeList)).text("list").raw(0x80)
	head := binary.BigEndian.AppendUint32(list.b, uint32(size))
	element := (&dump{}).text(string(make([]byte, 1<<20))).b
	return append(zip(t, head), bytes.Repeat(zip(t, element), size)...)
}

func TestMemoryOfBombs(t *testing.T) {
	m := watchMemory()
	b := newBench(t, func(c *importer.Config) {
		if slowed {
			c.MaxExpansion = 64 << 20
		}
	})
	data := bomb(t, 4<<10)
	uids := []int{b.create(0), b.create(0)}
	for i, uid := range uids {
		b.start(uid, b.file(fmt.Sprint(i), data))
	}
	for _, uid := range uids {
		end := b.failed(b.ended(uid))
		b.wantFailure(b.get(uid), database.GeneralError)
		if !strings.Contains(end.Err.Error(), "expands too much") {
			t.Errorf("the event does not name the reason: %v", end.Err)
		}
	}
	m.check(t)
}

// BenchmarkImport imports files of 256 MiB and tells the speeds of check and load apart, in bytes of the file as it is.
func BenchmarkImport(b *testing.B) {
	for _, value := range []int{50, 200, 10_000, 100 << 20} {
		b.Run(fmt.Sprint("values of ", value), func(b *testing.B) {
			var content bytes.Buffer
			if err := writeLarge(&content, 256<<20, value); err != nil {
				b.Fatal(err)
			}
			benchmarkImport(b, content.Bytes())
		})
	}
	b.Run("gzip", func(b *testing.B) {
		var content bytes.Buffer
		w := gzip.NewWriter(&content)
		if err := errors.Join(writeLarge(w, 256<<20, 200), w.Close()); err != nil {
			b.Fatal(err)
		}
		benchmarkImport(b, content.Bytes())
	})
}

func benchmarkImport(b *testing.B, content []byte) {
	var opened, closed time.Time
	w := newBench(b, func(c *importer.Config) {
		c.Sink = func(_ context.Context, o *importer.Opening) (importer.Sink, error) {
			opened = time.Now()
			discard, err := sink.NewDiscard(0, o.Files, c.Events)
			return &timed{discard, &closed}, err
		}
	})
	src := w.file("a.rdb", content)
	var check, load time.Duration
	for b.Loop() {
		start := time.Now()
		uid := w.create(0)
		w.start(uid, src)
		w.ended(uid)
		w.wantSuccess(w.get(uid))
		check += opened.Sub(start)
		load += closed.Sub(opened)
	}
	total := float64(len(content)) * float64(b.N) / 1e6
	b.ReportMetric(total/check.Seconds(), "check-MB/s")
	b.ReportMetric(total/load.Seconds(), "load-MB/s")
}

// timed is a target that notes when the import closes it.
type timed struct {
	*sink.Discard
	closed *time.Time
}

func (t *timed) Close() error {
	*t.closed = time.Now()
	return t.Discard.Close()
}
