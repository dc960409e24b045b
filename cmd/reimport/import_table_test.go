package main_test

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// spent is what one load has cost.
type spent struct {
	load, whole   time.Duration // by the clock; whole has the fetch and the check, too
	client, redis time.Duration // of the processors
	peak          int64         // bytes of the client's memory, over those of the idle one
}

// targets are least ratios: of the times of redis-server's own load to those of an import, and of redis-cli's to the whole import.
type targets struct{ load, whole, pipe float64 }

// table has what each way to load has cost, in each round.
type table struct {
	want  targets
	ways  []string
	costs map[string][]*spent
}

func (t *table) add(way string, s *spent) {
	if t.costs == nil {
		t.costs = map[string][]*spent{}
	}
	if t.costs[way] == nil {
		t.ways = append(t.ways, way)
	}
	t.costs[way] = append(t.costs[way], s)
}

// write writes the medians, with the first way as what the others are measured by.
func (t *table) write(out io.Writer, name string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\n%s\tload s\twhole s\town load / load\town load / whole\tpipe / whole\tclient CPU s\tredis CPU s\tMB over idle\t\n", name)
	own, pipe := t.costs[t.ways[0]], t.costs[t.ways[1]]
	for _, way := range t.ways {
		c := t.costs[way]
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t\n", way, median(c, loadTime), median(c, wholeTime),
			median(own, loadTime)/median(c, loadTime), median(own, loadTime)/median(c, wholeTime), median(pipe, loadTime)/median(c, wholeTime),
			median(c, clientTime), median(c, redisTime), median(c, memory))
	}
	fmt.Fprintf(w, "wanted of reimport, file\t\t\t%.2f\t%.2f\t%.2f\t\t\t64.0\t\n", t.want.load, t.want.whole, t.want.pipe)
	_ = w.Flush() // to the terminal
}

func loadTime(s *spent) float64   { return s.load.Seconds() }
func wholeTime(s *spent) float64  { return s.whole.Seconds() }
func clientTime(s *spent) float64 { return s.client.Seconds() }
func redisTime(s *spent) float64  { return s.redis.Seconds() }
func memory(s *spent) float64     { return float64(s.peak) / 1e6 }

func median[T any, N cmp.Ordered](of []T, value func(T) N) N {
	values := make([]N, len(of))
	for i, s := range of {
		values[i] = value(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// cpuTime returns what a process has had of the processors.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(b, err)
	_, text2, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(text2)
	var ticks int64
	for _, f := range fields[11:13] { // utime and stime, see proc(5)
		n, err := strconv.ParseInt(f, 10, 64)
		must(b, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// forgetPeak has the process's peak of memory begin anew.
func forgetPeak(b *testing.B, pid int) {
	must(b, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0))
}

// peak returns the most bytes that the process has had in memory.
func peak(b *testing.B, pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(b, err)
	_, found, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(found)[0], 10, 64)
	must(b, err)
	return kib << 10
}
