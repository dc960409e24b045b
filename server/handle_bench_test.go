package server_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkHandle measures what one request costs the server without a network: time and allocations of the whole way
// through the handler.
//
//	reset   of an idle status, with the body that a typed client sends
//	create  with a dozen settings, as a dry run, which does all but store
//	update  of three settings, as a dry run
//	get     of one database
//	fields  of one database
func BenchmarkHandle(b *testing.B) {
	const settings = `"memory_size": 1073741824, "eviction_policy": "noeviction", "shards_count": 3, "sharding": true, "port": 12000,
		"snapshot_policy": [{"secs": 60, "writes": 1}], "tags": [{"key": "a", "value": "b"}], "module_list": [{"module_name": "bf"}],
		"replication": true, "data_persistence": "aof", "authentication_redis_pass": "secret"`
	for _, c := range []struct{ name, method, path, body string }{
		{"reset", "PUT", "/v1/bdbs/1/actions/import_reset_status", "{}"},
		{"create", "POST", "/v1/bdbs?dry_run", `{"name": "sessions", ` + settings + `}`},
		{"update", "PUT", "/v1/bdbs/1?dry_run", `{"memory_size": 2048, "shards_count": 5, "eviction_policy": "allkeys-lru"}`},
		{"get", "GET", "/v1/bdbs/1", ""},
		{"fields", "GET", "/v1/bdbs/1?fields=uid,import_status,import_progress", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			handler := benchServer(b).Config.Handler
			login := "Basic " + base64.StdEncoding.EncodeToString([]byte(admin+":"+password))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
				r.Header.Set("Authorization", login)
				if c.body != "" {
					r.Header.Set("Content-Type", "application/json")
				}
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
