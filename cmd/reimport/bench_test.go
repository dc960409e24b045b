package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// BenchmarkStart measures a start on a data directory that is there already: from the process to the first 200 of
// /healthz, and what memory the server holds once it is idle. It needs /proc.
func BenchmarkStart(b *testing.B) {
	for name, tls := range map[string]string{"plain": "--tls=false", "TLS": "--tls"} {
		b.Run(name, func(b *testing.B) { benchmarkStart(b, tls) })
	}
}

func benchmarkStart(b *testing.B, tls string) {
	dir := filepath.Join(b.TempDir(), "data")
	args := []string{tls, "--seed", "../../examples/demo.yaml"}
	serve(b, dir, args...).end(syscall.SIGTERM)
	var ready time.Duration
	var memory float64
	for b.Loop() {
		began := time.Now()
		p := serve(b, dir, args...)
		if p.health() != http.StatusOK {
			b.Fatal("it is not up")
		}
		ready += time.Since(began)
		memory += p.idleMemory(b)
		if err := p.end(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(ready.Milliseconds())/float64(b.N), "ms-to-200")
	b.ReportMetric(memory/float64(b.N), "MB-resident")
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// idleMemory returns the megabytes that the process has in memory, once they no longer change.
func (p *process) idleMemory(b *testing.B) float64 {
	for last := ""; ; {
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.Process.Pid), "status"))
		if err != nil {
			b.Skip("no /proc here: ", err)
		}
		found := string(resident.FindSubmatch(status)[1])
		if found == last {
			kib, err := strconv.ParseFloat(found, 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib * 1024 / 1e6
		}
		last = found
		<-time.After(100 * time.Millisecond)
	}
}

// BenchmarkVerb measures the processor time of a process that does next to nothing.
func BenchmarkVerb(b *testing.B) {
	var spent time.Duration
	for b.Loop() {
		cmd := command(b, "version")
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		spent += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	b.ReportMetric(spent.Seconds()*1000/float64(b.N), "cpu-ms")
}
