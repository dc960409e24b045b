package server_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport"
)

func TestRoutesOutsideTheContract(t *testing.T) {
	f := start(t)
	anonymous := func(r *http.Request) { r.Header.Del("Authorization") }
	for _, c := range []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"GET", "/nothing", 404, "not_found", ""},
		{"GET", "/v1/bdbs/", 404, "not_found", ""},
		{"GET", "/v1/bdbs/1/actions/import_reset", 404, "not_found", ""},
		{"GET", "/v1/bdbs/1/actions/import_reset_status", 405, "method_not_allowed", "PUT"},
		{"PATCH", "/v1/bdbs", 405, "method_not_allowed", "GET POST"},
		{"GET", "/healthz", 200, "", ""},
	} {
		r := f.raw(c.method, c.path, "", anonymous)
		if r.StatusCode != c.status || r.errorCode() != c.code || r.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s %s: %d %s %v", c.method, c.path, r.StatusCode, r.body, r.Header)
		}
		for _, method := range strings.Fields(c.allow) {
			if !strings.Contains(r.Header.Get("Allow"), method) {
				t.Errorf("%s %s: Allow is %q", c.method, c.path, r.Header.Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/v1/bdbs//", "/v1/bdbs/1/", "/v1/modules/b14385b09778a335835ee3ae380bbc77/x"} {
		if r := f.raw("GET", path, ""); r.StatusCode != 404 || r.errorCode() != "not_found" {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.body)
		}
	}
	if r := f.raw("GET", "/openapi.yaml", "", anonymous); string(r.body) != string(reimport.Spec) {
		t.Error("/openapi.yaml is not the file")
	}
	served, err := openapi3.NewLoader().LoadFromData(f.raw("GET", "/openapi.json", "", anonymous).body)
	if err != nil {
		t.Fatal(err)
	}
	if want := theContract(t).doc; marshal(t, served) != marshal(t, want) {
		t.Error("/openapi.json is not what requests are validated by")
	}
}

func marshal(t *testing.T, v json.Marshaler) string {
	t.Helper()
	data, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFields(t *testing.T) {
	f := start(t)
	var list []map[string]any
	if err := json.Unmarshal(f.call("GET", "/v1/bdbs?fields=uid,endpoints,no_such_field", "").body, &list); err != nil {
		t.Fatal(err)
	}
	endpoint := map[string]any{
		"addr": []any{"127.0.0.1"}, "addr_type": "external", "dns_name": "localhost", "oss_cluster_api_preferred_endpoint_type": "ip",
		"oss_cluster_api_preferred_ip_type": "internal", "port": 10000.0, "proxy_policy": "single", "uid": "1:1",
	}
	if len(list) != 6 || !reflect.DeepEqual(list[0], map[string]any{"uid": 1.0, "endpoints": []any{endpoint}}) {
		t.Fatalf("%v", list)
	}
	var one map[string]any
	if err := json.Unmarshal(f.call("GET", "/v1/bdbs/2?fields=import_status", "").body, &one); err != nil || !reflect.DeepEqual(one, map[string]any{"import_status": "failed"}) {
		t.Fatalf("%v %v", err, one)
	}
}

// TestSettings holds what an existing client relies on: what it sets comes back, what it does not has the defaults of
// Redis Software, and an update changes what it names alone.
func TestSettings(t *testing.T) {
	f := start(t)
	created := f.call("POST", "/v1/bdbs", `{"uid": 40, "name": "full", "memory_size": 1024, "port": 12000, "eviction_policy": "noeviction", "shards_count": 3,
		"snapshot_policy": [{"secs": 60, "writes": 1}], "tags": [{"key": "a", "value": "b"}], "redis_version": "7.4", "replica_read_only": true,
		"module_list": [{"module_name": "bf", "module_args": "ERROR_RATE 0.1"}], "backup": true, "backup_interval": 3600, "backup_location": {"type": "mount_point", "path": "/mnt"}}`)
	var first map[string]any
	if err := json.Unmarshal(created.body, &first); err != nil || !reflect.DeepEqual(first, f.get("40")) {
		t.Fatalf("%v: the creation's answer\n%s\nis not what a read gives\n%v", err, created.body, f.get("40"))
	}
	want := map[string]any{
		"uid": 40.0, "name": "full", "memory_size": 1024.0, "port": 12000.0, "eviction_policy": "noeviction", "shards_count": 3.0,
		"snapshot_policy": []any{map[string]any{"secs": 60.0, "writes": 1.0}}, "tags": []any{map[string]any{"key": "a", "value": "b"}},
		"redis_version": "7.4", "replica_read_only": true, "backup": true, "backup_interval": 3600.0,
		"backup_location": map[string]any{"type": "mount_point", "path": "/mnt"},
		// defaults
		"maxclients": 10000.0, "type": "redis", "version": "8.0.0", "background_op": []any{map[string]any{"status": "idle"}}, "crdt_modules": "[]",
		"import_status": "", "import_progress": 0.0, "export_status": "", "backup_status": "", "dns_address_master": "localhost:12000", "skip_import_analyze": "disabled",
		"module_list": []any{map[string]any{"module_id": "b14385b09778a335835ee3ae380bbc77", "module_name": "bf", "semantic_version": "8.0.1", "module_args": "ERROR_RATE 0.1"}},
	}
	holds := func(bdb map[string]any) {
		t.Helper()
		for name, value := range want {
			if !reflect.DeepEqual(bdb[name], value) {
				t.Errorf("%s is %v, want %v", name, bdb[name], value)
			}
		}
	}
	holds(first)
	for _, c := range []struct{ path, body string }{
		{"/v1/bdbs/40?dry_run", `{"shards_count": 9, "skip_import_analyze": "enabled"}`},
		{"/v1/bdbs/40?dry_run=true", `{"shards_count": 9}`},
	} {
		if r := f.call("PUT", c.path, c.body); r.StatusCode != 200 || !strings.Contains(string(r.body), `"shards_count":9`) {
			t.Errorf("%s: %d %s", c.path, r.StatusCode, r.body)
		}
		holds(f.get("40"))
	}
	f.clock.advance(1e9)
	want["shards_count"], want["skip_import_analyze"], want["memory_size"] = 5.0, "enabled", 2048.0
	r := f.call("PUT", "/v1/bdbs/40?dry_run=false", `{"shards_count": 5, "skip_import_analyze": "enabled", "memory_size": 2048}`)
	var updated map[string]any
	if err := json.Unmarshal(r.body, &updated); err != nil || !reflect.DeepEqual(updated, f.get("40")) {
		t.Fatalf("%v %s", err, r.body)
	}
	holds(updated)
	if updated["last_changed_time"] == first["last_changed_time"] || updated["created_time"] != first["created_time"] {
		t.Errorf("created %v, changed %v", updated["created_time"], updated["last_changed_time"])
	}
	if other := f.get("1"); other["shards_count"] != 1.0 {
		t.Errorf("a setting has spilt into another database: %v", other["shards_count"])
	}
}

// TestNumbers takes integers in every spelling that JSON has for them.
func TestNumbers(t *testing.T) {
	f := start(t)
	r := f.call("POST", "/v1/bdbs", `{"uid": 12.0, "name": "x", "memory_size": 1e9, "maxclients": 2.5e3}`)
	if got := f.get("12"); r.StatusCode != 200 || got["memory_size"] != 1e9 || got["maxclients"] != 2500.0 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	upper := func(r *http.Request) { r.Header.Set("Content-Type", "Application/JSON; charset=UTF-8") }
	if r := f.call("PUT", "/v1/bdbs/12", `{"conns": 7}`, upper); r.StatusCode != 200 || f.get("12")["conns"] != 7.0 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	for _, body := range []string{`{"slave_ha_priority": 99999999999999999999}`, `{"conns": 1.5}`, `{"conns": 1e400}`} {
		if r := f.call("PUT", "/v1/bdbs/12", body); r.StatusCode != 400 {
			t.Errorf("%s: %d %s", body, r.StatusCode, r.body)
		}
	}
}

func TestDryRunCreatesNothing(t *testing.T) {
	f := start(t)
	for _, flag := range []string{"?dry_run", "?dry_run=", "?dry_run=true"} {
		if r := f.call("POST", "/v1/bdbs"+flag, `{"uid": 41, "name": "x", "memory_size": 0}`); r.StatusCode != 200 {
			t.Errorf("%s: %d %s", flag, r.StatusCode, r.body)
		}
	}
	if r := f.call("POST", "/v1/bdbs?dry_run", `{"uid": 1, "name": "x", "memory_size": 0}`); r.StatusCode != 409 {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if r := f.call("GET", "/v1/bdbs/41", ""); r.StatusCode != 404 {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	var uids [2]struct{ UID int }
	for i, flag := range []string{"?dry_run", ""} {
		r := f.call("POST", "/v1/bdbs"+flag, `{"name": "x", "memory_size": 0}`)
		if err := json.Unmarshal(r.body, &uids[i]); err != nil || r.StatusCode != 200 {
			t.Fatalf("%d %s: %v", r.StatusCode, r.body, err)
		}
	}
	if uids[0] != uids[1] || uids[0].UID == 0 {
		t.Errorf("a dry run says that the uid would be %d, and it is %d", uids[0].UID, uids[1].UID)
	}
}

func TestModules(t *testing.T) {
	f := start(t)
	var modules []map[string]any
	if err := json.Unmarshal(f.call("GET", "/v1/modules", "").body, &modules); err != nil || len(modules) != 5 {
		t.Fatalf("%v %v", err, modules)
	}
	for _, m := range modules {
		var one map[string]any
		if err := json.Unmarshal(f.call("GET", "/v1/modules/"+m["uid"].(string), "").body, &one); err != nil || !reflect.DeepEqual(one, m) {
			t.Errorf("%v: listed %v, got %v", err, m, one)
		}
	}
	if modules[1]["version"] != 80001.0 || modules[2]["version"] != 79991.0 {
		t.Errorf("%v, %v", modules[1]["version"], modules[2]["version"])
	}
}
