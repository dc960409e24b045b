package server_test

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestEveryStatus drives each operation to each status that the contract declares for it. What it cannot reach stands
// in testdata/unseen.golden, which may only shrink.
func TestEveryStatus(t *testing.T) {
	f := start(t)
	const imports, uid6 = "/v1/bdbs/1/actions/import", "/v1/bdbs/6/actions/import"
	module := "/v1/modules/b14385b09778a335835ee3ae380bbc77"
	operations := []struct{ method, path, body string }{
		{"GET", "/v1/bdbs", ""}, {"POST", "/v1/bdbs", `{"name": "x", "memory_size": 0}`}, {"GET", "/v1/bdbs/1", ""},
		{"PUT", "/v1/bdbs/1", `{"conns": 6}`}, {"PUT", imports + "_reset_status", ""}, {"POST", imports, importBody(t, "sessions.rdb")},
		{"GET", "/v1/bdbs/1/availability", ""}, {"GET", "/v1/local/bdbs/1/endpoint/availability", ""},
		{"GET", "/v1/modules", ""}, {"GET", module, ""}, {"DELETE", "/v1/bdbs/2", ""},
	}
	expect := func(want int, method, path, body string, change ...func(*http.Request)) {
		t.Helper()
		if r := f.call(method, path, body, change...); r.StatusCode != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, r.StatusCode, r.body, want)
		}
	}
	for _, o := range operations {
		expect(413, o.method, o.path, strings.Repeat(" ", 64<<10+1))
		expect(413, o.method, o.path, strings.Repeat(" ", 64<<10+1), func(r *http.Request) { r.ContentLength = -1; r.Header.Del("Authorization") })
		expect(431, o.method, o.path, o.body, func(r *http.Request) { r.Header.Set("X-Large", strings.Repeat("x", 16<<10)) })
		expect(401, o.method, o.path, o.body, func(r *http.Request) { r.Header.Del("Authorization") })
		expect(403, o.method, o.path, o.body, as(nobody))
		expect(400, o.method, o.path, o.body, func(r *http.Request) { r.Header.Add("Authorization", "Basic eDp5") })
		expect(200, o.method, o.path, o.body)
	}
	for _, o := range operations[2:8] {
		expect(404, o.method, strings.Replace(o.path, "/1", "/99", 1), o.body)
	}
	expect(404, "DELETE", "/v1/bdbs/99", "")
	expect(404, "GET", "/v1/modules/ffffffffffffffffffffffffffffffff", "")
	expect(406, "POST", "/v1/bdbs", `{"name": "x", "memory_size": 0, "module_list": [{"module_name": "nope"}]}`)
	expect(406, "PUT", "/v1/bdbs/4", `{"backup": true}`)
	expect(406, "POST", uid6, "")
	expect(406, "PUT", uid6+"_reset_status", "")
	expect(409, "POST", "/v1/bdbs", `{"uid": 3, "name": "x", "memory_size": 0}`)
	expect(409, "PUT", "/v1/bdbs/5", `{"conns": 6}`)
	expect(409, "DELETE", "/v1/bdbs/3", "")
	expect(409, "POST", "/v1/bdbs/3/actions/import", importBody(t, "sessions.rdb"))
	expect(409, "PUT", "/v1/bdbs/3/actions/import_reset_status", "")
	expect(503, "GET", "/v1/bdbs/1/availability?extend_check=lag", "")
	expect(503, "GET", "/v1/local/bdbs/1/endpoint/availability?extend_check=lag", "")
	f.settled("1")
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, o := range operations {
		if strings.Contains(o.path, "bdbs") {
			expect(500, o.method, o.path, o.body)
		}
	}
	golden, err := os.ReadFile("testdata/unseen.golden")
	if err != nil {
		t.Fatal(err)
	}
	if unseen := strings.Join(f.contract.unseen(), "\n") + "\n"; unseen != string(bytes.TrimLeft(golden, "\n")) {
		t.Errorf("not seen:\n%s\ntestdata/unseen.golden has:\n%s", unseen, golden)
	}
}

// TestRefusalsSayWhat holds the texts of refused requests: they name the field and what was expected, and show neither
// the schema nor what was sent.
func TestRefusalsSayWhat(t *testing.T) {
	f := start(t)
	const create, source = `{"name": "x", "memory_size": 0, `, `{"dataset_import_sources": [`
	for _, c := range []struct {
		method, path, body string
		status             int
		code, description  string
	}{
		{"GET", "/v1/bdbs/abc", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/bdbs/0", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/bdbs/01", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/bdbs/+1", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/bdbs/-1", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/bdbs/1.0", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/bdbs/2147483648", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/bdbs/9223372036854775808", "", 400, "param_error", "uid: expected an integer from 1 to 2147483647"},
		{"GET", "/v1/modules/x", "", 400, "param_error", "uid: expected 32 hexadecimal digits"},
		{"GET", "/v1/bdbs?field=uid", "", 400, "param_error", `"field": expected no such query parameter`},
		{"GET", "/v1/bdbs?fields=", "", 400, "param_error", "fields: expected a list of 1 to 256 items"},
		{"GET", "/v1/bdbs?fields=uid&fields=name", "", 400, "param_error", "fields: expected once"},
		{"GET", "/v1/bdbs?%zz", "", 400, "param_error", "query: expected name=value pairs, percent-encoded"},
		{"GET", "/v1/bdbs/1/availability?extend_check=Lag", "", 400, "param_error", "extend_check: expected lag"},
		{"GET", "/v1/bdbs/1/availability?availability_lag_tolerance_ms=-1", "", 400, "param_error", "availability_lag_tolerance_ms: expected an integer from 0 to 2147483647"},
		{"GET", "/v1/bdbs/99/availability", "", 404, "db_not_found", "database does not exist in the cluster"},
		{"POST", "/v1/bdbs?dry_run=perhaps", `{"name": "x", "memory_size": 0}`, 400, "param_error", "dry_run: expected one of true, false, nothing, 1, 0"},
		{"POST", "/v1/bdbs", "", 400, "invalid_schema", "body: expected a JSON object"},
		{"POST", "/v1/bdbs", "[]", 400, "invalid_schema", "body: expected an object"},
		{"POST", "/v1/bdbs", `{"memory_size": 0}`, 406, "missing_db_name", "name: missing, expected letters, digits and hyphens with a letter or digit at both ends, 63 at most"},
		{"POST", "/v1/bdbs", `{"name": "x"}`, 406, "missing_memory_size", "memory_size: missing, expected an integer from 0 to 9007199254740991"},
		{"POST", "/v1/bdbs", `{"name": "-x", "memory_size": 0}`, 400, "invalid_schema", "name: expected letters, digits and hyphens with a letter or digit at both ends, 63 at most"},
		{"POST", "/v1/bdbs", `{"name": null, "memory_size": 0}`, 400, "invalid_schema", "name: expected letters, digits and hyphens with a letter or digit at both ends, 63 at most"},
		{"POST", "/v1/bdbs", `{"name": "x", "memory_size": "1GB"}`, 400, "invalid_schema", "memory_size: expected an integer from 0 to 9007199254740991"},
		{"POST", "/v1/bdbs", `{"name": "x", "memory_size": 9007199254740993}`, 400, "invalid_schema", "memory_size: expected an integer from 0 to 9007199254740991"},
		{"POST", "/v1/bdbs", create + `"flavour": 1}`, 400, "invalid_schema", `"flavour": expected no such field`},
		{"POST", "/v1/bdbs", create + `"import_status": "idle"}`, 400, "invalid_schema", "import_status: read-only, or fixed at creation"},
		{"PUT", "/v1/bdbs/1", `{"uid": 2}`, 400, "invalid_schema", "uid: read-only, or fixed at creation"},
		{"PUT", "/v1/bdbs/1", `{}`, 400, "invalid_schema", "body: expected an object with at least 1 field"},
		{"PUT", "/v1/bdbs/1", `{"eviction_policy": "none"}`, 400, "invalid_schema", "eviction_policy: expected one of volatile-lru, volatile-ttl, volatile-random, allkeys-lru, allkeys-random, noeviction, volatile-lfu, allkeys-lfu, allkeys-lrm, volatile-lrm"},
		{"PUT", "/v1/bdbs/1", `{"backup": true, "backup_interval": 10, "backup_interval_offset": 10}`, 400, "invalid_schema", "backup_interval_offset: expected less than backup_interval"},
		{"PUT", "/v1/bdbs/1", `{"backup_interval": 0}`, 400, "invalid_schema", "backup_interval: expected an integer from 1 to 2147483647"},
		{"PUT", "/v1/bdbs/1", `{"backup": true}`, 406, "missing_backup_interval", "backup_interval: needed where backup is true"},
		{"POST", "/v1/bdbs/1/actions/import", "", 400, "missing_field", "dataset_import_sources: give the sources to import from, none are stored with the database"},
		{"POST", "/v1/bdbs/1/actions/import", `{"flush": true}`, 400, "invalid_schema", `"flush": expected no such field`},
		{"POST", "/v1/bdbs/1/actions/import", source + `]}`, 400, "invalid_schema", "dataset_import_sources: expected a list of 1 to 512 items"},
		{"POST", "/v1/bdbs/1/actions/import", source + `{"type": "tape"}]}`, 400, "invalid_schema", "dataset_import_sources[0]: expected an object with type one of abs, gs, mount_point, s3, sftp, url"},
		{"POST", "/v1/bdbs/1/actions/import", source + `{"type": "mount_point"}]}`, 400, "missing_field", "dataset_import_sources[0].path: missing, expected a string of 1 to 4096 characters"},
		{"POST", "/v1/bdbs/1/actions/import", source + `{"type": "mount_point", "path": "/a", "secret": "hunter2"}]}`, 400, "invalid_schema", `dataset_import_sources[0]."secret": expected no such field`},
		{"POST", "/v1/bdbs/1/actions/import", source + `{"type": "abs", "container": "c", "filename": "f", "account_name": "a", "account_key": "k", "sas_token": "t"}]}`, 400, "invalid_schema", "dataset_import_sources[0]: expected not both of account_key and sas_token"},
		{"POST", "/v1/bdbs/1/actions/import", source + `{"type": "s3", "bucket_name": "b", "filename": "f", "access_key_id": "k", "secret_access_key": "s"}]}`, 400, "invalid_schema", "dataset_import_sources[0].type: this server cannot import from s3 yet, expected mount_point or url"},
		{"PUT", "/v1/bdbs/5/actions/import_reset_status", "", 409, "busy", "database is busy with another action"},
	} {
		t.Run(c.method+c.path+c.body, func(t *testing.T) {
			r := f.call(c.method, c.path, c.body)
			if r.StatusCode != c.status || r.errorCode() != c.code || r.description() != c.description {
				t.Errorf("got  %d %s\nwant %d %s %s", r.StatusCode, r.body, c.status, c.code, c.description)
			}
		})
	}
	for uid, want := range map[string]string{"1": "idle", "2": "failed"} {
		if got := f.get(uid)["import_status"]; got != want {
			t.Errorf("a refused request has changed the import status of %s to %v", uid, got)
		}
	}
}
