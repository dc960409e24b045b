package handler_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/control/handler"
	"github.com/reimport/reimport/internal/event"
)

// TestRefusals: what is refused changes nothing, and the refusal names the place.
func TestRefusals(t *testing.T) {
	f := start(t)
	before := want(t, 200, func() (*api.DumpStateResult, error) { return f.DumpStateWithResponse(t.Context()) })
	foreign := func(r *http.Request) { r.Host = "evil.example.com" }
	for name, c := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		answer             string
	}{
		"another Host":        {"GET", "/clock", "", foreign, 403, "expected localhost or a loopback address as the Host"},
		"a Host of the LAN":   {"POST", "/reset", "", func(r *http.Request) { r.Host = "192.168.0.1:80" }, 403, "foreign_host"},
		"a page":              {"POST", "/reset", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, "cross_origin"},
		"an old browser":      {"DELETE", "/faults", "", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example.com") }, 403, "cross_origin"},
		"no path":             {"GET", "/v1/bdbs", "", nil, 404, "not_found"},
		"a longer path":       {"DELETE", "/faults/a/b", "", nil, 404, "not_found"},
		"another method":      {"DELETE", "/clock", "", nil, 405, "method_not_allowed"},
		"a uid":               {"GET", "/databases/01/scripts", "", nil, 400, "uid: expected an integer from 1 to 2147483647"},
		"a large uid":         {"POST", "/databases/2147483648/release", "", nil, 400, "uid: expected"},
		"a long name":         {"DELETE", "/faults/" + strings.Repeat("x", 65), "", nil, 400, "name: expected a string of 1 to 64 characters"},
		"a query":             {"POST", "/reset?now=1", "", nil, 400, `\"now\": expected no such query parameter`},
		"last":                {"GET", "/trace?last=0", "", nil, 400, "last: expected an integer from 1 to 1000"},
		"since":               {"GET", "/trace?since=-1", "", nil, 400, "since: expected"},
		"wait":                {"GET", "/trace?wait=60", "", nil, 400, "wait: expected an integer from 0 to 15"},
		"no JSON":             {"PUT", "/clock", "now", nil, 400, "body: expected one JSON value"},
		"null":                {"PUT", "/clock", "null", nil, 400, "body: expected an object"},
		"no time":             {"PUT", "/clock", "{}", nil, 400, "now: missing, expected a time such as"},
		"no such day":         {"PUT", "/clock", `{"now": "2030-02-31T00:00:00Z"}`, nil, 400, "now: expected a time such as"},
		"a time long ago":     {"PUT", "/clock", `{"now": "1815-12-10T00:00:00Z"}`, nil, 400, "now: expected a time in the years"},
		"a name twice":        {"PUT", "/clock", `{"now": "2030-01-01T00:00:00Z", "now": "2031-01-01T00:00:00Z"}`, nil, 400, "now: expected once"},
		"another name":        {"PUT", "/clock", `{"now": "2030-01-01T00:00:00Z", "frozen": true}`, nil, 400, `\"frozen\": expected no such field`},
		"back":                {"POST", "/clock/advance", `{"by": "-1s"}`, nil, 400, "by: expected a duration such as"},
		"too far":             {"POST", "/clock/advance", `{"by": "9999999999999h"}`, nil, 400, "by: expected a duration such as"},
		"a pace":              {"PUT", "/databases/1/scripts", `{"import_scripts": [{}, {"pace": "slow"}]}`, nil, 400, "import_scripts[1].pace: expected one of immediate"},
		"an outcome":          {"PUT", "/databases/1/scripts", `{"import_scripts": [{"outcome": "lost"}]}`, nil, 400, "import_scripts[0].outcome: expected succeeded, or"},
		"steps":               {"PUT", "/databases/1/scripts", `{"import_scripts": [{"pace": "polled"}]}`, nil, 400, "import_scripts[0].steps: expected"},
		"an operation":        {"PUT", "/faults/x", `{"operation": "getClock", "status": 500}`, nil, 400, "operation: expected an operationId"},
		"no operation":        {"PUT", "/faults/x", `{"status": 500}`, nil, 400, "operation: missing"},
		"a status":            {"PUT", "/faults/x", `{"operation": "getBDB", "status": 418}`, nil, 400, "status: expected one that the contract documents"},
		"nothing to do":       {"PUT", "/faults/x", `{"operation": "getBDB"}`, nil, 400, "status: expected"},
		"a share":             {"PUT", "/faults/x", `{"operation": "getBDB", "share": 2, "delay": "1s"}`, nil, 400, "share: expected a number above 0, at most 1"},
		"no share":            {"PUT", "/faults/x", `{"operation": "getBDB", "share": 0, "delay": "1s"}`, nil, 400, "share: expected a number above 0, at most 1"},
		"first":               {"PUT", "/faults/x", `{"operation": "getBDB", "first": 0, "delay": "1s"}`, nil, 400, "first: expected an integer from 1"},
		"a delay":             {"PUT", "/faults/x", `{"operation": "getBDB", "delay": "soon"}`, nil, 400, "delay: expected a duration such as"},
		"a large body":        {"PUT", "/clock", strings.Repeat(" ", contract.MaxBody+1), nil, 413, "request_too_large"},
		"a large unread body": {"POST", "/reset", strings.Repeat(" ", contract.MaxBody+1), nil, 413, "request_too_large"},
		"no YAML":             {"PUT", "/state", "databases: [", nil, 400, "seed: yaml: line 1"},
		"a field":             {"PUT", "/state", "databases:\n- uid: 1\n  colour: red\n", nil, 400, "seed:3: databases[0].colour: expected a field that exists"},
		"sources":             {"PUT", "/state", string(before.Body) + "  dataset_import_sources: []\n", nil, 400, "invalid_seed"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := f.raw(c.method, c.path, c.body, c.change)
			if status != c.status || !strings.Contains(answer, c.answer) {
				t.Errorf("%d %s, want %d and %s", status, answer, c.status, c.answer)
			}
		})
	}
	after := want(t, 200, func() (*api.DumpStateResult, error) { return f.DumpStateWithResponse(t.Context()) })
	e := f.node.Emulator()
	if string(after.Body) != string(before.Body) || len(e.Faults.List()) > 0 || len(e.Scripts.All()) > 0 || e.Clock.State().Frozen {
		t.Errorf("something has changed: %s", after.Body)
	}
}

// TestInternalError keeps what went wrong to the log.
func TestInternalError(t *testing.T) {
	full := errors.New("/dev/sda is full")
	var told []event.Event
	h, err := handler.New(handler.Cluster{
		Reset:  func(context.Context) error { return full },
		Events: func(_ context.Context, e event.Event) { told = append(told, e) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/reset", nil)
	r.Host = "localhost"
	h.ServeHTTP(w, r)
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"description":"internal error"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if want := (event.ControlFailed{Method: "POST", Path: "/reset", Err: full}); len(told) != 1 || told[0] != want {
		t.Errorf("%+v", told)
	}
}

// TestEveryOperationIsGuarded: none takes a query that it does not list.
func TestEveryOperationIsGuarded(t *testing.T) {
	f := start(t)
	doc, err := openapi3.NewLoader().LoadFromData(control.Controls)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if status, answer := f.raw("GET", "/openapi.json", "", nil); status != 200 || answer != string(control.Controls) {
		t.Errorf("the contract: %d %s", status, answer)
	}
	ops := contract.Of(doc).Operations
	if len(ops) != 17 {
		t.Errorf("%d operations", len(ops))
	}
	for _, op := range ops {
		path := strings.NewReplacer("{uid}", "1", "{name}", "x").Replace(op.Path)
		if status, answer := f.raw(op.Method, path+"?x=1", "", nil); status != 400 || !strings.Contains(answer, "no such query parameter") {
			t.Errorf("%s: %d %s", op.ID, status, answer)
		}
		if status, answer := f.raw(op.Method, path, "", func(r *http.Request) { r.Host = "rebound.example.com" }); status != 403 {
			t.Errorf("%s: %d %s", op.ID, status, answer)
		}
	}
}

// TestCodes: every code of the contract has the status of the answers that have it.
func TestCodes(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(control.Controls)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range doc.Components.Schemas["ErrorCode"].Value.Enum {
		if api.ErrorCode(code.(string)).Status() == 0 {
			t.Errorf("%s has no status", code)
		}
	}
}
