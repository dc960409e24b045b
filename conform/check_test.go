package conform_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/reimport/reimport/conform"
)

const (
	jsonType = "application/json"
	errorOf  = `{"error_code": "busy", "description": "database is busy"}`
	module   = "/v1/modules/b14385b09778a335835ee3ae380bbc77"
)

// lines has a finding a line, notes in parentheses, without what the contract says.
func lines(f conform.Findings) string {
	var all []string
	for _, b := range f.Breaches {
		b.Contract, b.Times = "", 1
		all = append(all, b.String())
	}
	for _, b := range f.Notes {
		b.Contract, b.Times = "", 1
		all = append(all, "("+b.String()+")")
	}
	return strings.Join(all, "\n")
}

func TestCheckRequest(t *testing.T) {
	const source = `{"dataset_import_sources": [`
	for _, c := range []struct{ call, body, want string }{
		{"GET /v1/bdbs", "", ""},
		{"HEAD /v1/bdbs", "", ""},
		{"OPTIONS /v1/bdbs", "", ""},
		{"GET /v1/bdbs?fields=uid,name", "", ""},
		{"POST /v1/bdbs?dry_run", `{"name": "a", "memory_size": 0}`, ""},
		{"PUT /v1/bdbs/1/actions/import_reset_status", "", ""},
		{"PUT /v1/bdbs/1/actions/import_reset_status", "{}", ""},
		{"POST /v1/bdbs/1/actions/import", "null", ""},
		{"DELETE /v1/bdbs/1", "ignored", ""},
		{"PATCH /v1/bdbs", "", "PATCH /v1/bdbs request: method: expected one of GET, POST, found PATCH"},
		{"GET /v1/bdb", "", "GET /v1/bdb request: path: expected one of the contract, found another"},
		{"GET /v1/bdbs/", "", "GET /v1/bdbs/ request: path: expected one of the contract, found another"},
		{"POST /v1/bdbs/1/import", "", "POST /v1/bdbs/1/import request: path: expected a call that Redis Software has, found one that no version of it has, it answers 404"},
		{"GET /v1/bdbs/1/endpoints", "", "GET /v1/bdbs/1/endpoints request: path: expected a call that Redis Software has, found one that no version of it has, it answers 404"},
		{"GET /v1/nodes/1", "", "(GET /v1/nodes/1 request: path: expected one of the contract, found one that Redis Software has beyond it, which is not checked)"},
		{"GET /v1/bdbs/01", "", `getBDB request: uid: expected an integer from 1 to 2147483647, found "01"`},
		{"GET /v1/modules/BF", "", `getModule request: uid: expected 32 hexadecimal digits, found "BF"`},
		{"GET /v1/bdbs?field=uid", "", `listBDBs request: "field": expected no such query parameter, found another value`},
		{"GET /v1/bdbs?fields=uid&fields=name", "", "listBDBs request: fields: expected once, found another value"},
		{"POST /v1/bdbs?dry_run=yes", `{"name": "a", "memory_size": 0}`, "createBDB request: dry_run: expected one of true, false, nothing, 1, 0, found another value"},
		{"GET /v1/bdbs?%zz", "", "listBDBs request: query: expected name=value pairs, percent-encoded, found another value"},
		{"POST /v1/bdbs", "", "createBDB request: body: expected a JSON object, found none"},
		{"POST /v1/bdbs", "{", "createBDB request: body: expected one JSON value, found something else"},
		{"POST /v1/bdbs", `{"name": "a", "memory_size": 0} {}`, "createBDB request: body: expected one JSON value, found something else"},
		{"POST /v1/bdbs", `{"name": "a", "name": "b", "memory_size": 0}`, "createBDB request: name: expected once, found something else"},
		{"POST /v1/bdbs", `[]`, "createBDB request: body: expected an object, found a list of 0"},
		{"POST /v1/bdbs", `{"memory_size": "1GB", "flavour": 1, "status": "active"}`, strings.Join([]string{
			`createBDB request: "flavour": expected no such member, found a number`,
			`createBDB request: "status": expected no such member, found a string`,
			`createBDB request: memory_size: expected an integer from 0 to 9007199254740991, found a string`,
			`createBDB request: name: expected letters, digits and hyphens with a letter or digit at both ends, 63 at most, found nothing`,
		}, "\n")},
		{"PUT /v1/bdbs/1", `{"import_status": "idle", "uid": 1, "conns": 5}`, "(updateBDB request: body: expected settings, or members as GET shows them, found read-only members)"},
		{"PUT /v1/bdbs/1", `{}`, "updateBDB request: body: expected an object with at least 1 field, found an object"},
		{"PUT /v1/bdbs/1", `{"authentication_redis_pass": 123456}`, "updateBDB request: authentication_redis_pass: expected a string, found a number"},
		{"POST /v1/bdbs/1/actions/import", source + `]}`, "startBDBImport request: dataset_import_sources: expected a list of 1 to 512 items, found a list of 0"},
		{"POST /v1/bdbs/1/actions/import", source + `{"type": "tape"}]}`, "startBDBImport request: dataset_import_sources[0]: expected an object with type one of abs, gs, mount_point, s3, sftp, url, found a string"},
		{"POST /v1/bdbs/1/actions/import", source + `{"type": "url", "url": 5}, {"type": "mount_point", "psth": "/a"}]}`, strings.Join([]string{
			"startBDBImport request: dataset_import_sources[0].url: expected a string of 1 to 4096 characters, found a number",
			`startBDBImport request: dataset_import_sources[1]."psth": expected no such member, found a string`,
			"startBDBImport request: dataset_import_sources[1].path: expected a string of 1 to 4096 characters, found nothing",
		}, "\n")},
		{"POST /v1/bdbs", strings.Repeat(" ", 64<<10+1), "createBDB request: body: expected 65536 bytes at most, found 65537"},
	} {
		t.Run(c.call+" "+c.body[:min(len(c.body), 50)], func(t *testing.T) {
			method, target, _ := strings.Cut(c.call, " ")
			r := httptest.NewRequest(method, target, nil)
			r.SetBasicAuth("a@example.com", "p")
			r.Header.Set("Content-Type", jsonType)
			if got := lines(conform.Checker{}.CheckRequest(r, []byte(c.body))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCheckRequestHeaders(t *testing.T) {
	const credentials = "createBDB request: header Authorization: expected Basic with a user name and a password, once, found "
	basic := []string{"Basic YTpi"}
	for _, c := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"good", http.Header{"Authorization": basic}, ""},
		{"none", http.Header{}, credentials + "none"},
		{"two", http.Header{"Authorization": {"Basic YTpi", "Basic YTpi"}}, credentials + "2"},
		{"bearer", http.Header{"Authorization": {"Bearer x"}}, credentials + "something else"},
		{"token of a cluster", http.Header{"Authorization": {"JWT x"}}, "(" + credentials + "something else)"},
		{"media type", http.Header{"Authorization": basic, "Content-Type": {"text/plain"}}, `createBDB request: header Content-Type: expected application/json, found "text/plain"`},
		{"media type with parameters", http.Header{"Authorization": basic, "Content-Type": {"Application/JSON; charset=utf-8"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/v1/bdbs", nil)
			r.Header = c.header
			if got := lines(conform.Checker{}.CheckRequest(r, []byte(`{"name": "a", "memory_size": 0}`))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestCheckResponse has a row for each way in which a server, or somebody's stub of one, may have drifted.
func TestCheckResponse(t *testing.T) {
	const reset = "PUT /v1/bdbs/1/actions/import_reset_status"
	plain := http.Header{"Content-Type": {jsonType}, "X-Request-Id": {"a"}}
	bare := http.Header{"X-Request-Id": {"a"}}
	for _, c := range []struct {
		name, call string
		status     int
		header     http.Header
		body, want string
	}{
		{"empty", reset, 200, bare, "", ""},
		{"database", "GET /v1/bdbs/1", 200, plain, `{"uid": 1, "import_status": "", "import_progress": 0.0}`, ""},
		{"listing", "GET /v1/bdbs", 200, plain, `[{"uid": 1}, {"uid": 2}]`, ""},
		{"empty listing", "GET /v1/bdbs", 200, plain, "[]\n", ""},
		{"error", reset, 409, plain, errorOf, ""},
		{"head", "HEAD /v1/bdbs/1", 200, plain, "", ""},
		{"status", reset, 204, bare, "", "resetBDBImportStatus response: status: expected one of 200, 400, 401, 403, 404, 406, 409, 413, 429, 431, 500, found 204"},
		{"status of a cluster", "GET /v1/bdbs/1", 503, bare, "", "(getBDB response: status: expected one of 200, 400, 401, 403, 404, 413, 429, 431, 500, found 503)"},
		{"body of a reset", reset, 200, bare, "{}", "resetBDBImportStatus response: body: expected no body, found 2 bytes"},
		{"media type of nothing", reset, 200, plain, "", `(resetBDBImportStatus response: header Content-Type: expected none, found "application/json")`},
		{"media type", "GET /v1/bdbs/1", 200, http.Header{"Content-Type": {"text/html"}, "X-Request-Id": {"a"}}, `{}`, `getBDB response: header Content-Type: expected application/json, found "text/html"`},
		{"request id", reset, 200, http.Header{}, "", "(resetBDBImportStatus response: header X-Request-Id: expected a string, found none)"},
		{"challenge", reset, 401, plain, errorOf, "resetBDBImportStatus response: header WWW-Authenticate: expected a string, found none"},
		{"retry after", reset, 429, http.Header{"Content-Type": {jsonType}, "X-Request-Id": {"a"}, "Retry-After": {"soon"}}, errorOf, `resetBDBImportStatus response: header Retry-After: expected an integer of at least 1, found "soon"`},
		{"nothing", "GET /v1/bdbs/1", 200, plain, "", "getBDB response: body: expected one JSON value, found something else"},
		{"half", "GET /v1/bdbs", 200, plain, `[{"uid": 1}`, "listBDBs response: body: expected one JSON value, found something else"},
		{"more", "GET /v1/bdbs", 200, plain, `[{"uid": 1}] []`, "listBDBs response: body: expected one JSON value, found something else"},
		{"twice", "GET /v1/bdbs", 200, plain, `[{"uid": 1}, {"uid": 2, "uid": 2}]`, "listBDBs response: [1].uid: expected once, found something else"},
		{"object for a listing", "GET /v1/bdbs", 200, plain, `{"bdbs": []}`, "listBDBs response: body: expected a list of at least 0, found something else"},
		{"types in a listing", "GET /v1/bdbs", 200, plain, `[{"uid": 1}, {"uid": "2", "import_status": "done"}]`, strings.Join([]string{
			`listBDBs response: [1].import_status: expected one of nothing, idle, initializing, importing, succeeded, failed, found "done"`,
			"listBDBs response: [1].uid: expected an integer from 1 to 2147483647, found a string",
		}, "\n")},
		{"null", "GET /v1/bdbs/1", 200, plain, `{"import_status": null}`, "getBDB response: import_status: expected one of nothing, idle, initializing, importing, succeeded, failed, found null"},
		{"progress", "GET /v1/bdbs/1", 200, plain, `{"import_progress": 101}`, "getBDB response: import_progress: expected a number from 0 to 100, found 101"},
		{"depth", "GET /v1/bdbs/1", 200, plain, `{"endpoints": [{"port": "12000"}]}`, "getBDB response: endpoints[0].port: expected an integer, found a string"},
		{"credentials", "GET /v1/bdbs/1", 200, plain, `{"backup_location": {"type": "s3", "secret_access_key": "hunter2"}}`, "getBDB response: backup_location.secret_access_key: expected no such member in a response, found a string"},
		{"member of a cluster", "GET /v1/bdbs/1", 200, plain, `{"uid": 1, "flavour": "sour"}`, `(getBDB response: "flavour": expected no such member, found a string)`},
		{"error without a description", reset, 404, plain, `{"error_code": "db_not_exist"}`, "resetBDBImportStatus response: description: expected a string, found nothing"},
		{"error of another shape", reset, 404, plain, `{"error": "no"}`, strings.Join([]string{
			"resetBDBImportStatus response: error_code: expected a string, found nothing",
			"resetBDBImportStatus response: description: expected a string, found nothing",
			`(resetBDBImportStatus response: "error": expected no such member, found a string)`,
		}, "\n")},
		{"body after a head", "HEAD " + module, 200, plain, "{}", "getModule response: body: expected no body after a HEAD, found 2 bytes"},
		{"outside", "GET /healthz", 200, http.Header{}, "ok", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, target, _ := strings.Cut(c.call, " ")
			r := httptest.NewRequest(method, target, nil)
			if got := lines(conform.Checker{}.CheckResponse(r, c.status, c.header, []byte(c.body))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			ours := conform.Checker{Ours: true}.CheckResponse(r, c.status, c.header, []byte(c.body))
			if len(ours.Notes) > 0 || (c.want == "") != (len(ours.Breaches) == 0) {
				t.Errorf("of our server: %s", lines(ours))
			}
		})
	}
}

func TestBreachSaysWhatTheContractDoes(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/v1/bdbs/1", nil)
	f := conform.Checker{}.CheckResponse(r, 200, http.Header{"Content-Type": {jsonType}, "X-Request-Id": {"a"}}, []byte(`{"import_status": "done"}`))
	want := "State of the newest import."
	if len(f.Breaches) != 1 || f.Breaches[0].Contract != want || !strings.HasSuffix(f.Breaches[0].String(), fmt.Sprintf("(%s)", want)) {
		t.Errorf("%+v", f)
	}
}

// TestNoSecretIsInABreach plants a secret where a request and a response may have one, beside what breaks the contract.
func TestNoSecretIsInABreach(t *testing.T) {
	const planted = "zq hunter2/&qz"
	r := httptest.NewRequest(http.MethodPut, "/v1/bdbs/1?token="+url.QueryEscape(planted), nil)
	r.Header.Set("Authorization", "Bearer "+planted)
	members := []string{"authentication_redis_pass", "url", "key", "sas_token", "no_such_member", "replica_sources", "backup_location", "memory_size", "name"}
	for _, member := range members {
		for _, value := range []string{`%q`, `[%q]`, `{"key": [%q], "url": 5}`, `[{"type": "s3", "secret_access_key": [%q]}]`} {
			body := []byte(fmt.Sprintf(`{%q: `+value+`, "conns": -1}`, member, planted))
			header := http.Header{"Content-Type": {jsonType}, "Set-Cookie": {planted}}
			found := lines(conform.Checker{}.CheckRequest(r, body)) + lines(conform.Checker{Ours: true}.CheckResponse(r, 200, header, body))
			if !strings.Contains(found, "conns: expected") || strings.Contains(found, "hunter2") && member != "name" {
				t.Errorf("%s: %s", body, found)
			}
		}
	}
}
