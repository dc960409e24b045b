package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"testing"
)

func TestResetAnswers(t *testing.T) {
	f := start(t)
	for _, c := range []struct {
		uid, name, status string
		code              int
	}{
		{"1", "idle", "", 200}, {"2", "failed", "", 200}, {"3", "importing", "busy", 409}, {"4", "backup-running", "busy", 409},
		{"5", "change-pending", "busy", 409}, {"6", "legacy-module", "unsupported_module_capabilities", 406}, {"7", "", "db_not_exist", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before map[string]any
			if c.name != "" {
				before = f.get(c.uid)
			}
			for range 2 { // repeating it gives the same answer
				r := f.call("PUT", "/v1/bdbs/"+c.uid+"/actions/import_reset_status", "")
				if r.StatusCode != c.code || r.errorCode() != c.status {
					t.Fatalf("%d %s", r.StatusCode, r.body)
				}
			}
			switch {
			case c.code == 200:
				after := f.get(c.uid)
				if after["import_status"] != "idle" || after["import_failure_reason"] != "" || after["import_progress"] != 0.0 {
					t.Fatalf("%v", after)
				}
			case c.name != "":
				if after := f.get(c.uid); !reflect.DeepEqual(before, after) {
					t.Fatalf("the refused reset has changed\n%v\nto\n%v", before, after)
				}
			}
		})
	}
}

// TestResetBodies sends what the clients that exist send.
func TestResetBodies(t *testing.T) {
	f := start(t)
	const path = "/v1/bdbs/1/actions/import_reset_status"
	untyped := func(r *http.Request) { r.Header.Del("Content-Type") }
	form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	for name, c := range map[string]struct {
		body   string
		change []func(*http.Request)
		want   int
	}{
		"nothing, as curl":             {"", nil, 200},
		"an empty body, chunked":       {"", []func(*http.Request){chunked}, 200},
		"an object, as a typed client": {"{}", nil, 200},
		"an object, chunked":           {"{}", []func(*http.Request){chunked}, 200},
		"an object without a type":     {"{}", []func(*http.Request){untyped}, 200},
		"any object":                   {`{"a": [1]}`, nil, 200},
		"a type and nothing":           {"", []func(*http.Request){func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }}, 200},
		"a type with a parameter":      {"{}", []func(*http.Request){func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }}, 200},
		"a list":                       {"[]", nil, 400},
		"null, as Ansible":             {"null", nil, 200},
		"curl's own type, nothing":     {"", []func(*http.Request){form}, 200},
		"curl's own type, an object":   {"{}", []func(*http.Request){form}, 200},
		"curl's own type, a form":      {"a=b", []func(*http.Request){form}, 400},
		"no JSON":                      {"{", nil, 400},
		"JSON and more":                {"{} {}", nil, 400},
		"another type":                 {"a=b", []func(*http.Request){func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }}, 400},
		"a query that nobody knows":    {"", []func(*http.Request){func(r *http.Request) { r.URL.RawQuery = "force=true" }}, 400},
		"an Accept that fits nothing":  {"", []func(*http.Request){func(r *http.Request) { r.Header.Set("Accept", "text/html") }}, 200},
		"two Authorization headers":    {"", []func(*http.Request){func(r *http.Request) { r.Header.Add("Authorization", "Basic eDp5") }}, 400},
		"percent-encoded digits": {"", []func(*http.Request){func(r *http.Request) {
			r.URL.Path, r.URL.RawPath = "/v1/bdbs/1/actions/import_reset_status", "/v1/bdbs/%31/actions/import_reset_status"
		}}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.raw("PUT", path, c.body, c.change...)
			if r.StatusCode != c.want {
				t.Fatalf("%d %s", r.StatusCode, r.body)
			}
			if r.StatusCode == 200 && (len(r.body) > 0 || r.Header.Get("Content-Length") != "0" || r.Header.Get("Content-Type") != "") {
				t.Fatalf("%q %v", r.body, r.Header)
			}
		})
	}
}

func importBody(t *testing.T, file string) string {
	path, err := filepath.Abs(filepath.Join("../examples", file))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"dataset_import_sources": [{"type": "mount_point", "path": %q}]}`, path)
}

// TestLifecycle is the product's main job: a database, a broken file, the reason, the reset, a good file.
func TestLifecycle(t *testing.T) {
	f := start(t)
	created := f.call("POST", "/v1/bdbs", `{"name": "sessions", "memory_size": 1073741824}`)
	var bdb struct{ UID int }
	if err := json.Unmarshal(created.body, &bdb); err != nil || created.StatusCode != 200 {
		t.Fatalf("%d %s", created.StatusCode, created.body)
	}
	uid := fmt.Sprint(bdb.UID)
	if fresh := f.get(uid); fresh["import_status"] != "" || fresh["status"] != "active" || !reflect.DeepEqual(fresh["dataset_import_sources"], []any{}) {
		t.Fatalf("%v", fresh)
	}
	path := "/v1/bdbs/" + uid + "/actions/import"
	if r := f.call("POST", path, importBody(t, "broken.rdb")); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if failed := f.settled(uid); failed["import_status"] != "failed" || failed["import_failure_reason"] != "file-corrupted" || failed["import_progress"] == 100.0 {
		t.Fatalf("%v", failed)
	}
	if r := f.call("PUT", path+"_reset_status", ""); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if idle := f.get(uid); idle["import_status"] != "idle" || idle["import_failure_reason"] != "" || idle["import_progress"] != 0.0 {
		t.Fatalf("%v", idle)
	}
	if r := f.call("POST", path, importBody(t, "sessions.rdb")); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if done := f.settled(uid); done["import_status"] != "succeeded" || done["import_progress"] != 100.0 {
		t.Fatalf("%v", done)
	}
	// The sources are stored now: an import without any takes them, and without a reset first.
	if r := f.call("POST", path, ""); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if done := f.settled(uid); done["import_status"] != "succeeded" || !reflect.DeepEqual(done["dataset_import_sources"], []any{}) {
		t.Fatalf("%v", done)
	}
	if r := f.call("DELETE", "/v1/bdbs/"+uid, ""); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if r := f.call("GET", "/v1/bdbs/"+uid, ""); r.StatusCode != 404 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
}
