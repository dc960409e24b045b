package conform_test

import (
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/conform"
)

// BenchmarkProxy compares a server of ours with itself behind a proxy, on loopback, for each kind of call. It reports the
// throughput of the proxy in percent of that without one; turns of both alternate, so that a busy machine hits both.
func BenchmarkProxy(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(300)) // as both commands do
	srv := serveDemo(b)
	p := startProxy(b, srv.URL, func(c *conform.ProxyConfig) { c.Checker.Ours = true })
	b.Cleanup(func() {
		if s, lines := p.end(); s.Breaches+s.Notes > 0 {
			b.Errorf("%+v\n%s", s, lines)
		}
	})
	h := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer h.CloseIdleConnections()
	for _, call := range []struct{ name, method, path string }{
		{"reset", "PUT", "/v1/bdbs/1/actions/import_reset_status"},
		{"status", "GET", "/v1/bdbs/2?fields=import_status,import_progress"},
		{"database", "GET", "/v1/bdbs/2"},
		{"list", "GET", "/v1/bdbs"},
	} {
		b.Run(call.name, func(b *testing.B) {
			var straight, proxied time.Duration
			for left := b.N; left > 0; left -= turn {
				straight += drive(b, h, min(left, turn), call.method, srv.URL+call.path)
				proxied += drive(b, h, min(left, turn), call.method, p.URL+call.path)
			}
			b.ReportMetric(float64(proxied.Nanoseconds())/float64(b.N), "ns/op")
			b.ReportMetric(100*float64(straight)/float64(proxied), "%-of-straight")
		})
	}
}

// turn is how many requests are sent before the other side has its turn.
const turn = 1000

// drive sends n requests from 16 clients, and returns how long that takes.
func drive(b *testing.B, h *http.Client, n int, method, url string) time.Duration {
	b.Helper()
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	var clients sync.WaitGroup
	start := time.Now()
	for range 16 {
		clients.Go(func() {
			for range work {
				r, err := http.NewRequestWithContext(b.Context(), method, url, nil)
				if err != nil {
					b.Error(err)
					return
				}
				r.SetBasicAuth(admin, password)
				w, err := h.Do(r)
				if err != nil {
					b.Error(err)
					return
				}
				_, err = io.Copy(io.Discard, w.Body)
				if w.Body.Close(); err != nil || w.StatusCode != http.StatusOK {
					b.Errorf("%d, %v", w.StatusCode, err)
				}
			}
		})
	}
	clients.Wait()
	return time.Since(start)
}
