package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestOneDecode holds that a request has one meaning: what two readers of JSON understand differently is refused, and the
// handler gets what was validated.
func TestOneDecode(t *testing.T) {
	f := start(t)
	for name, c := range map[string]struct{ method, path, body, description string }{
		"a name twice":             {"POST", "/v1/bdbs", `{"name": "a", "memory_size": 1, "memory_size": 2}`, "memory_size: expected once"},
		"a name twice, escaped":    {"POST", "/v1/bdbs", `{"name": "a", "memory_size": 1, "memory\u005fsize": 2}`, "memory_size: expected once"},
		"a name twice, deep":       {"PUT", "/v1/bdbs/1", `{"tags": [{"key": "a"}, {"key": "a", "key": "b"}]}`, "tags[1].key: expected once"},
		"another case":             {"POST", "/v1/bdbs", `{"name": "a", "memory_size": 1, "Port": 7}`, `"Port": expected no such field`},
		"another case, deep":       {"PUT", "/v1/bdbs/1", `{"module_list": [{"MODULE_NAME": "bf"}]}`, `module_list[0]."MODULE_NAME": expected no such field`},
		"a letter that folds to s": {"PUT", "/v1/bdbs/1", `{"module_list": [{"module_name": "bf", "ſemantic_version": "8.0.1"}]}`, `module_list[0]."ſemantic_version": expected no such field`},
		"arguments in a list":      {"PUT", "/v1/bdbs/1", `{"module_list": [{"module_name": "bf", "module_args": ["A", "1"]}]}`, "module_list[0].module_args: expected a string"},
		"bytes behind":             {"PUT", "/v1/bdbs/1", `{"conns": 7} x`, "body: expected one JSON value"},
		"a value behind":           {"PUT", "/v1/bdbs/1", `{"conns": 7}{}`, "body: expected one JSON value"},
		"bytes that are no UTF-8":  {"PUT", "/v1/bdbs/1", "{\"account_id\": 1, \"endpoint\": \"\xff\"}", "body: expected one JSON value"},
		"too deep":                 {"PUT", "/v1/bdbs/1", `{"search": ` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 101), "body: expected objects and lists at most 100 deep"},
		"as deep as JSON gets":     {"PUT", "/v1/bdbs/1", `{"search": {"a": ` + strings.Repeat("[", 9998) + strings.Repeat("]", 9998) + "}}", "body: expected objects and lists at most 100 deep"},
		"an integer like that":     {"PUT", "/v1/bdbs/1", `{"search": {"a": [-` + strings.Repeat("9", 309) + "]}}", "search.a[0]: expected a number that a double can hold"},
		"beyond a double":          {"PUT", "/v1/bdbs/1", `{"search": {"a": [1e999]}}`, "search.a[0]: expected a number that a double can hold"},
	} {
		t.Run(name, func(t *testing.T) {
			before := f.get("1")
			if r := f.call(c.method, c.path, c.body); r.StatusCode != 400 || r.description() != c.description {
				t.Errorf("%d %s, want %s", r.StatusCode, r.body, c.description)
			}
			if after := f.get("1"); !equalJSON(before, after) {
				t.Error("the refused request has changed the database")
			}
		})
	}
}

func equalJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// TestFreeFormComesBack holds that JSON of which the contract says nothing keeps its numbers, names and order.
func TestFreeFormComesBack(t *testing.T) {
	f := start(t)
	const search = `{"z":9007199254740993,"a":[1.0,1e2,-0.10],"É":"\u00e9/","n":{"b":null,"B":true}}`
	r := f.call("PUT", "/v1/bdbs/1", `{"search": `+search+`, "tags": [{"n": 12345678901234567890}]}`)
	if r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	for _, body := range []string{string(r.body), string(f.call("GET", "/v1/bdbs/1", "").body), string(f.call("GET", "/v1/bdbs?fields=search,tags", "").body)} {
		if !strings.Contains(body, `"search":`+search) || !strings.Contains(body, `"tags":[{"n":12345678901234567890}]`) {
			t.Errorf("the answer %s lacks\n%s", body, search)
		}
	}
}

// TestNumbersComeBack holds that a number of the contract is kept as precisely as JSON's readers take it.
func TestNumbersComeBack(t *testing.T) {
	f := start(t)
	for _, name := range []string{"throughput_ingress", "shard_imbalance_threshold"} {
		for _, number := range []string{"16777217", "1234567.891", "1e+300"} {
			r := f.call("PUT", "/v1/bdbs/1", `{"`+name+`": `+number+`}`)
			if r.StatusCode != 200 || !strings.Contains(string(r.body), `"`+name+`":`+number) {
				t.Errorf("%s: %d %s, want %s", name, r.StatusCode, r.body, number)
			}
		}
	}
}

// TestZero holds that a zero equals the zero that GET shows, however it is spelt.
func TestZero(t *testing.T) {
	f := start(t)
	for _, zero := range []string{"0", "-0", "0.0", "-0.0", "0e7"} {
		if r := f.call("PUT", "/v1/bdbs/1", `{"import_progress": `+zero+`}`); r.StatusCode != 200 {
			t.Errorf("%s: %d %s", zero, r.StatusCode, r.body)
		}
	}
}

// TestNoBody sends what says nothing, in all the ways that clients have.
func TestNoBody(t *testing.T) {
	f := start(t)
	form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/v1/bdbs", "null", 200},
		{"GET", "/v1/bdbs/1", "{not JSON", 200},
		{"GET", "/v1/modules", "a=b", 200},
		{"DELETE", "/v1/bdbs/1", "null", 200},
		{"DELETE", "/v1/bdbs/2", "{not JSON", 200},
		{"POST", "/v1/bdbs/4/actions/import", "null", 409},
		{"PUT", "/v1/bdbs/4/actions/import_reset_status", "null", 409},
		{"PUT", "/v1/bdbs/4/actions/import_reset_status", " \r\n", 409},
		{"POST", "/v1/bdbs", "null", 400},
		{"PUT", "/v1/bdbs/4", "null", 400},
		{"PUT", "/v1/bdbs/4", " ", 400},
	} {
		if r := f.call(c.method, c.path, c.body); r.StatusCode != c.want {
			t.Errorf("%s %s %q: %d %s, want %d", c.method, c.path, c.body, r.StatusCode, r.body, c.want)
		}
	}
	if r := f.raw("POST", "/v1/bdbs/4/actions/import", "", form); r.StatusCode != 409 {
		t.Errorf("an import without a body, of a form's type: %d %s", r.StatusCode, r.body)
	}
	if r := f.raw("PUT", "/v1/bdbs/4", `{"conns": 7}`, form); r.StatusCode != 400 || r.description() != "Content-Type: expected application/json" {
		t.Errorf("an update of a form's type: %d %s", r.StatusCode, r.body)
	}
	for flag, code := range map[string]int{"1": 404, "0": 200} {
		created := f.call("POST", "/v1/bdbs?dry_run="+flag, `{"uid": 60, "name": "x", "memory_size": 0}`)
		if r := f.call("GET", "/v1/bdbs/60", ""); created.StatusCode != 200 || r.StatusCode != code {
			t.Errorf("dry_run=%s: %d, then %d", flag, created.StatusCode, r.StatusCode)
		}
		f.call("DELETE", "/v1/bdbs/60", "")
	}
}
