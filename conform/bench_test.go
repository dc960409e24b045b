package conform_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reimport/reimport/conform"
)

// BenchmarkProxy compares a server of ours with itself behind a proxy, on loopback, for each kind of call.
func BenchmarkProxy(b *testing.B) {
	srv := serveDemo(b)
	upstream, err := url.Parse(srv.URL)
	if err != nil {
		b.Fatal(err)
	}
	p := conform.NewProxy(conform.ProxyConfig{Upstream: upstream, Checker: conform.Checker{Ours: true}})
	proxied := httptest.NewServer(p)
	b.Cleanup(func() {
		proxied.Close()
		if s := p.Close(); s.Breaches+s.Notes > 0 {
			b.Errorf("%+v", s)
		}
	})
	for _, call := range []struct{ name, method, path string }{
		{"reset", "PUT", "/v1/bdbs/1/actions/import_reset_status"},
		{"status", "GET", "/v1/bdbs/2?fields=import_status,import_progress"},
		{"database", "GET", "/v1/bdbs/2"},
		{"list", "GET", "/v1/bdbs"},
	} {
		for _, way := range []struct{ name, url string }{{"straight", srv.URL}, {"proxied", proxied.URL}} {
			b.Run(call.name+"/"+way.name, func(b *testing.B) {
				h := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
				defer h.CloseIdleConnections()
				b.SetParallelism(8)
				before := cpu()
				defer func() { b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op") }()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						r, err := http.NewRequestWithContext(b.Context(), call.method, way.url+call.path, strings.NewReader(""))
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
			})
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
