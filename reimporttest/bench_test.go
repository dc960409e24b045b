package reimporttest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/reimport/reimport/reimporttest"
)

// BenchmarkRun starts and ends a server, as each test does after the first in a process. The last one is the least that a
// server can cost.
func BenchmarkRun(b *testing.B) {
	for name, options := range map[string][]reimporttest.Option{"https": nil, "http": {reimporttest.Plain()}, "disk": {reimporttest.OnDisk()}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				within(b, func(t testing.TB) { reimporttest.Run(t, options...) })
			}
		})
	}
	b.Run("httptest", func(b *testing.B) {
		for b.Loop() {
			httptest.NewTLSServer(http.NotFoundHandler()).Close()
		}
	})
}
