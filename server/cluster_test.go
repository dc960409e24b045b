package server_test

import (
	"fmt"
	"testing"

	"github.com/reimport/reimport/internal/node"
)

// TestClusterIsFinite: databases have the memory of the cluster and its ports among them. What is refused changes nothing, in a
// dry run and in earnest.
func TestClusterIsFinite(t *testing.T) {
	f := start(t, func(c *node.Config) {
		c.Seed.Databases, c.Seed.MemoryLimit, c.MemoryLimit = nil, 0, 1000
	})
	create := func(uid int, settings string) string {
		return fmt.Sprintf(`{"uid": %d, "name": "x", %s}`, uid, settings)
	}
	for i, c := range []struct {
		method, path, body string
		code               string // of a 406, empty for a 200
	}{
		{"POST", "/v1/bdbs", create(1, `"memory_size": 1001`), "insufficient_resources"},
		{"POST", "/v1/bdbs", create(1, `"memory_size": 600, "port": 7001`), ""},
		{"POST", "/v1/bdbs", create(2, `"memory_size": 401`), "insufficient_resources"},
		{"POST", "/v1/bdbs", create(2, `"memory_size": 400`), ""},
		{"POST", "/v1/bdbs", create(3, `"memory_size": 1`), "insufficient_resources"},
		{"POST", "/v1/bdbs", create(3, `"memory_size": 0`), ""}, // has no limit, and takes none
		{"POST", "/v1/bdbs", create(4, `"memory_size": 0, "port": 7001`), "port_unavailable"},
		{"PUT", "/v1/bdbs/2", `{"memory_size": 401}`, "insufficient_resources"},
		{"PUT", "/v1/bdbs/2", `{"memory_size": 9007199254740991}`, "insufficient_resources"},
		{"PUT", "/v1/bdbs/2", `{"port": 7001}`, "port_unavailable"},
		{"PUT", "/v1/bdbs/1", `{"port": 7001, "memory_size": 600, "conns": 9}`, ""},
		{"PUT", "/v1/bdbs/1", `{"memory_size": 300}`, ""},
		{"PUT", "/v1/bdbs/2", `{"memory_size": 700}`, ""},
		{"PUT", "/v1/bdbs/3", `{"memory_size": 1}`, "insufficient_resources"},
		{"DELETE", "/v1/bdbs/1", "", ""},
		{"PUT", "/v1/bdbs/3", `{"memory_size": 300, "port": 7001}`, ""},
	} {
		before := string(f.call("GET", "/v1/bdbs", "").body)
		want := 200
		if c.code != "" {
			want = 406
		}
		for _, query := range []string{"?dry_run", ""} {
			if query != "" && c.method == "DELETE" {
				continue
			}
			r := f.call(c.method, c.path+query, c.body)
			if r.StatusCode != want || c.code != "" && r.errorCode() != c.code {
				t.Errorf("%d. %s %s%s %s: %d %s", i, c.method, c.path, query, c.body, r.StatusCode, r.body)
			}
			if after := string(f.call("GET", "/v1/bdbs", "").body); (query != "" || c.code != "") && after != before {
				t.Errorf("%d. %s %s%s %s has changed something", i, c.method, c.path, query, c.body)
			}
		}
	}
	if r := f.call("POST", "/v1/bdbs", create(9, `"memory_size": 9`)); r.description() != "memory_size: expected no more than is left of the cluster's 1000 bytes" {
		t.Errorf("%s", r.body)
	}
}

// TestClusterShrinks: databases that are more than the cluster has, as it was larger once, keep what they have.
func TestClusterShrinks(t *testing.T) {
	f := start(t, func(c *node.Config) { c.Seed.MemoryLimit, c.MemoryLimit = 0, 1 })
	for body, want := range map[string]int{
		`{"conns": 9}`: 200, `{"memory_size": 1073741825}`: 406, `{"memory_size": 1073741823}`: 200, `{"memory_size": 0}`: 200, `{"name": "y"}`: 200,
	} {
		if r := f.call("PUT", "/v1/bdbs/1?dry_run", body); r.StatusCode != want {
			t.Errorf("%s: %d %s", body, r.StatusCode, r.body)
		}
	}
}

// TestMemoryOfTheSeed: the memory that a seed gives its cluster is that which counts.
func TestMemoryOfTheSeed(t *testing.T) {
	f := start(t, func(c *node.Config) { c.MemoryLimit, c.Seed.MemoryLimit, c.Seed.Databases = 10, 20, nil })
	for size, want := range map[int]int{21: 406, 20: 200} {
		if r := f.call("POST", "/v1/bdbs?dry_run", fmt.Sprintf(`{"name": "x", "memory_size": %d}`, size)); r.StatusCode != want {
			t.Errorf("%d: %d %s", size, r.StatusCode, r.body)
		}
	}
}
