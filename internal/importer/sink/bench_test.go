package sink_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/dataset"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/redistest"
)

// BenchmarkRedis loads files of the three kinds into a new redis-server, beside one that loads the same file at its start. It reports
// the seconds that passed and, since others may use the machine too, those of the processors.
func BenchmarkRedis(b *testing.B) {
	for _, c := range []struct {
		name string
		data dataset.Dataset
	}{{"small", dataset.Small(200_000)}, {"mixed", dataset.Mixed(140_000)}, {"huge", dataset.Huge(400_000)}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			from := redistest.Start(b, "--dir", dir)
			if err := c.data.Fill(from.Addr); err != nil {
				b.Fatal(err)
			}
			patient := redis.NewClient(&redis.Options{Addr: from.Addr, ReadTimeout: -1})
			if err := errors.Join(patient.Save(b.Context()).Err(), patient.Close()); err != nil {
				b.Fatal(err)
			}
			from.Kill()
			path := filepath.Join(dir, "dump.rdb")
			stats := scanFile(b, path)
			var wall, server, client, native, nativeCPU float64
			for b.Loop() {
				s := redistest.Start(b)
				before, own := cpu(b, s), ownCPU(b)
				start := time.Now()
				loadFile(b, s, path, stats)
				wall += time.Since(start).Seconds()
				server += cpu(b, s) - before
				client += ownCPU(b) - own
				s.Kill()
				start = time.Now()
				s = redistest.Start(b, "--dir", dir)
				native += time.Since(start).Seconds()
				nativeCPU += cpu(b, s)
				s.Kill()
			}
			n := float64(b.N)
			b.ReportMetric(wall/n, "s")
			b.ReportMetric(server/n, "server-cpu-s")
			b.ReportMetric(client/n, "client-cpu-s")
			b.ReportMetric(native/n, "native-s")
			b.ReportMetric(nativeCPU/n, "native-cpu-s")
			b.ReportMetric(native/wall, "speed/native")
			b.ReportMetric(float64(rss(b))/(1<<20), "peak-MiB")
		})
	}
}

func scanFile(b *testing.B, path string) *checked {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	c := &checked{large: map[int64]int64{}}
	s := rdb.NewScanner(f)
	for s.Next() && s.SkipValue() == nil {
		if k := s.Key(); k.ValueLen > 1<<20 {
			c.large[k.Offset] = k.ValueLen
		}
	}
	if s.Err() != nil {
		b.Fatal(s.Err())
	}
	c.stats = s.Stats()
	return c
}

// checked is what a check of a file knows.
type checked struct {
	stats rdb.Stats
	large map[int64]int64 // the lengths of long values, by where they are
}

// loadFile loads a file as the importer does: long values are never held.
func loadFile(b *testing.B, s *redistest.Server, path string, c *checked) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r, err := sink.NewRedis(b.Context(), options(s), sink.Import{Files: []rdb.Stats{c.stats}})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	if err := r.Begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	in := rdb.NewScanner(f)
	var held []byte
	var k rdb.Key
	for in.Next() {
		k = *in.Key()
		var w io.Writer
		if k.ValueLen = c.large[k.Offset]; k.ValueLen > 0 {
			w = r.Key(&k)
		} else {
			held = held[:0]
			w = (*appender)(&held)
		}
		n, err := in.WriteValue(w)
		if err != nil {
			b.Fatal(err)
		}
		if k.ValueLen == 0 {
			k.ValueLen = n
			if _, err := r.Key(&k).Write(held); err != nil {
				b.Fatal(err)
			}
		}
	}
	if in.Err() != nil {
		b.Fatal(in.Err())
	}
	if err := r.Flush(); err != nil {
		b.Fatal(err)
	}
}

type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

// cpu returns the seconds of the processors that s has used.
func cpu(b *testing.B, s *redistest.Server) (seconds float64) {
	text, err := s.Client().Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if name, value, _ := strings.Cut(lines.Text(), ":"); name == "used_cpu_sys" || name == "used_cpu_user" {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			seconds += n
		}
	}
	return seconds
}

func usage(b *testing.B) (u syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u
}

func ownCPU(b *testing.B) float64 {
	u := usage(b)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// rss returns the most memory that this process has had, in bytes.
func rss(b *testing.B) int64 { return usage(b).Maxrss << 10 }
