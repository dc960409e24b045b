package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/reimport/reimport/internal/importer/dataset"
)

// BenchmarkImportsAtOnce compares the time of one import with that of two into two databases at once.
func BenchmarkImportsAtOnce(b *testing.B) {
	d := dataset.Mixed(scaled(1_400_000))
	dir := importFiles(b, "mixed", d)
	n := serveImports(b, dir)
	file := filepath.Join(dir, "dump.rdb")
	var one, two []time.Duration
	for b.Loop() {
		one = append(one, n.together(file, 1))
		two = append(two, n.together(file, 2))
	}
	ratio := median(two, time.Duration.Seconds) / median(one, time.Duration.Seconds)
	b.ReportMetric(ratio, "two/one")
	fmt.Printf("\none import %.2f s, two at once %.2f s: %.2f times as long, wanted at most 1.6\n",
		median(one, time.Duration.Seconds), median(two, time.Duration.Seconds), ratio)
}

// together imports source into count new databases at once, and returns the time until the last has ended.
func (n *importing) together(source string, count int) time.Duration {
	uids := make([]int, count)
	for i := range uids {
		uids[i] = n.create(false).UID
	}
	began := time.Now()
	for _, uid := range uids {
		n.start(uid, source)
	}
	for _, uid := range uids {
		n.wait(uid)
	}
	took := time.Since(began)
	for _, uid := range uids {
		n.remove(uid)
	}
	return took
}

const resetsPerSecond = 1000

// BenchmarkResetDuringImport sends resets of another database at a fixed rate, with and without an import under way. A reset
// takes from when it was due to its answer.
func BenchmarkResetDuringImport(b *testing.B) {
	d := dataset.Mixed(scaled(1_400_000))
	dir := importFiles(b, "mixed", d)
	n := serveImports(b, dir)
	other := n.create(false).UID
	n.resets(other, time.After(time.Second)) // opens the connections
	var idle, busy []time.Duration
	for b.Loop() {
		idle = append(idle, n.resets(other, time.After(3*time.Second))...)
		uid := n.create(false).UID
		ended := make(chan time.Time)
		n.start(uid, filepath.Join(dir, "dump.rdb"))
		go func() { n.wait(uid); close(ended) }()
		busy = append(busy, n.resets(other, ended)...)
		n.remove(uid)
	}
	ratio := percentile(busy, 99).Seconds() / percentile(idle, 99).Seconds()
	b.ReportMetric(ratio, "p99/idle")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\n%d resets/s\tp50\tp90\tp99\tmost\tof\t\n", resetsPerSecond)
	for name, times := range map[string][]time.Duration{"idle": idle, "during an import": busy} {
		fmt.Fprintf(w, "%s\t%v\t%v\t%v\t%v\t%d\t\n", name, percentile(times, 50), percentile(times, 90), percentile(times, 99), percentile(times, 100), len(times))
	}
	_ = w.Flush() // to the terminal
	fmt.Printf("p99 %.2f times the idle one, wanted at most 2\n", ratio)
}

// resets returns the times of the resets of uid that were due until end.
func (n *importing) resets(uid int, end <-chan time.Time) []time.Duration {
	due := time.NewTicker(time.Second / resetsPerSecond)
	defer due.Stop()
	var sent sync.WaitGroup
	var mu sync.Mutex
	var times []time.Duration
	for {
		select {
		case at := <-due.C:
			sent.Go(func() {
				err := n.ResetImportStatus(n.b.Context(), uid)
				took := time.Since(at)
				mu.Lock()
				defer mu.Unlock()
				if times = append(times, took); err != nil {
					n.b.Error(err)
				}
			})
		case <-end:
			sent.Wait()
			return times
		}
	}
}

func percentile(of []time.Duration, p int) time.Duration {
	slices.Sort(of)
	return of[max(len(of)*p/100, 1)-1].Round(10 * time.Microsecond)
}
