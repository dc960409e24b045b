package control_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/node"
)

// BenchmarkWrap measures what the controls cost a GET of one database: the time that a node under control takes for it, over
// that of a node without controls, which answers in turn with it.
//
//	handler  without a network
//	wire     over HTTP/1.1, with the client
//	faults   without a network, with a hundred faults of which none strikes
func BenchmarkWrap(b *testing.B) {
	plain, wrapped, faulted := start(b, func(c *node.Config) { c.Emulate = false }), start(b), start(b)
	for i := range 100 {
		faulted.put(control.Fault{Name: fmt.Sprint(i), Operation: "getBDB", UID: i + 2, Status: 500})
	}
	handle := func(c *cluster) func() int {
		r := c.request("GET", "/v1/bdbs/1", "")
		return func() int {
			w := httptest.NewRecorder()
			c.Node.ServeHTTP(w, r)
			return w.Code
		}
	}
	call := func(c *cluster) func() int {
		client := c.client("HTTP/1.1")
		return func() int { return c.call(client, "GET", "/v1/bdbs/1", "").status }
	}
	b.Run("handler", func(b *testing.B) { compare(b, handle(plain), handle(wrapped)) })
	b.Run("wire", func(b *testing.B) { compare(b, call(plain), call(wrapped)) })
	b.Run("faults", func(b *testing.B) { compare(b, handle(plain), handle(faulted)) })
}

// compare reports the ratio of the times that two ways to a 200 take in turn. Medians leave out what the machine does besides.
func compare(b *testing.B, plain, wrapped func() int) {
	var times [2][]time.Duration
	for b.Loop() {
		for i, way := range []func() int{plain, wrapped} {
			begin := time.Now()
			if status := way(); status != http.StatusOK {
				b.Fatal(status)
			}
			times[i] = append(times[i], time.Since(begin))
		}
	}
	var median [2]float64
	for i := range times {
		slices.Sort(times[i])
		median[i] = float64(times[i][len(times[i])/2])
	}
	b.ReportMetric(median[1]/median[0], "ratio")
	b.ReportMetric(median[0], "plain-ns/op")
	b.ReportMetric(median[1], "wrapped-ns/op")
}
