package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"net/http"
)

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// BenchmarkStart measures a start on a data directory that is there already: from the process to the first 200 of
// /healthz, and what memory the server then holds. It needs /proc.
func BenchmarkStart(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "data")
	args := []string{"--tls=false", "--seed", "../../examples/demo.yaml"}
	serve(b, dir, args...).end(syscall.SIGTERM)
	var ready time.Duration
	var memory float64
	for b.Loop() {
		began := time.Now()
		p := serve(b, dir, args...)
		r, err := http.Get(p.url + "/healthz")
		if err != nil || r.StatusCode != http.StatusOK {
			b.Fatalf("%v %v", err, r)
		}
		ready += time.Since(began)
		r.Body.Close()
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.Process.Pid), "status"))
		if err != nil {
			b.Skip("no /proc here: ", err)
		}
		kb, err := strconv.ParseFloat(string(resident.FindSubmatch(status)[1]), 64)
		if err != nil {
			b.Fatal(err)
		}
		memory += kb / 1024
		if err := p.end(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(ready.Milliseconds())/float64(b.N), "ms-to-200")
	b.ReportMetric(memory/float64(b.N), "MiB-resident")
}
