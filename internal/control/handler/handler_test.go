package handler_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

const (
	admin    = "admin@example.com"
	password = "opensesame"
)

// fixture is a node with controls.
type fixture struct {
	*api.ClientWithResponses
	t    testing.TB
	node *node.Node
}

func start(t testing.TB, change ...func(*node.Config)) *fixture {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	cfg := node.Config{
		Listen: "127.0.0.1:0", Controls: "127.0.0.1:0",
		Passwords: map[string]string{string(hash): password},
		Seed: seed.Seed{
			Users:     []access.User{{Email: admin, PasswordHash: string(hash), Role: access.Admin}},
			Databases: []*database.Database{{UID: 1, Name: "sessions", Type: "redis", Status: database.Active}},
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	n, err := node.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := api.NewClientWithResponses(n.ControlsURL())
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{c, t, n}
}

// api sends a request to the API.
func (f *fixture) api(method, path, body string) (int, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.node.URL()+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.SetBasicAuth(admin, password)
	return f.send(http.DefaultClient, r)
}

func (f *fixture) send(c *http.Client, r *http.Request) (int, string) {
	f.t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// raw sends a request to the controls as no client of ours would.
func (f *fixture) raw(method, path, body string, change func(*http.Request)) (int, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.node.ControlsURL()+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	return f.send(http.DefaultClient, r)
}

// result is what the generated client returns.
type result interface{ StatusCode() int }

// want returns what a call has returned if it went well and has this status.
func want[T result](t testing.TB, status int, call func() (T, error)) T {
	t.Helper()
	r, err := call()
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode() != status {
		t.Fatalf("status %d, want %d: %+v", r.StatusCode(), status, r)
	}
	return r
}

// TestReset puts back what a request has changed, and leaves the clock.
func TestReset(t *testing.T) {
	f := start(t)
	ctx := t.Context()
	want(t, 200, func() (*api.SetClockResult, error) {
		return f.SetClockWithResponse(ctx, api.ClockSetting{Now: "2030-01-01T00:00:00Z"})
	})
	want(t, 200, func() (*api.PutFaultResult, error) {
		return f.PutFaultWithResponse(ctx, "gone", api.FaultSettings{Operation: "listModules", Status: 500})
	})
	if status, answer := f.api("DELETE", "/v1/bdbs/1", ""); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	want(t, 204, func() (*api.ResetClusterResult, error) { return f.ResetClusterWithResponse(ctx) })
	status, answer := f.api("GET", "/v1/bdbs/1", "")
	if status != 200 || !strings.Contains(answer, `"created_time":"2030-01-01T`) {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := f.api("GET", "/v1/modules", ""); status != 200 {
		t.Errorf("the fault is still there: %d %s", status, answer)
	}
}

// TestState dumps the state and loads it into another node.
func TestState(t *testing.T) {
	f := start(t)
	ctx := t.Context()
	f.api("PUT", "/v1/bdbs/1", `{"memory_size": 4711}`)
	want(t, 200, func() (*api.SetScriptsResult, error) {
		return f.SetScriptsWithResponse(ctx, 1, api.Scripts{ImportScripts: []api.Script{{Outcome: "download-error", Pace: "timed", Duration: "1m30s"}}})
	})
	dump := want(t, 200, func() (*api.DumpStateResult, error) { return f.DumpStateWithResponse(ctx) })
	other := start(t)
	want(t, 204, func() (*api.LoadStateResult, error) {
		return other.LoadStateWithBodyWithResponse(ctx, "", strings.NewReader(string(dump.Body)))
	})
	again := want(t, 200, func() (*api.DumpStateResult, error) { return other.DumpStateWithResponse(ctx) })
	if string(again.Body) != string(dump.Body) || !strings.Contains(string(dump.Body), "4711") || strings.Contains(string(dump.Body), password) {
		t.Errorf("the dump is\n%s, and that of what it made\n%s", dump.Body, again.Body)
	}
	scripts := want(t, 200, func() (*api.GetScriptsResult, error) { return other.GetScriptsWithResponse(ctx, 1) })
	if s := scripts.JSON200.ImportScripts; len(s) != 1 || s[0].Duration != "1m30s" || s[0].Outcome != "download-error" {
		t.Errorf("%+v", s)
	}
}

// TestClock has the API show what the clock does.
func TestClock(t *testing.T) {
	f := start(t)
	ctx := t.Context()
	want(t, 200, func() (*api.FreezeClockResult, error) { return f.FreezeClockWithResponse(ctx) })
	want(t, 200, func() (*api.SetClockResult, error) {
		return f.SetClockWithResponse(ctx, api.ClockSetting{Now: "2030-01-01T01:00:00+01:00"})
	})
	r := want(t, 200, func() (*api.AdvanceClockResult, error) {
		return f.AdvanceClockWithResponse(ctx, api.ClockAdvance{By: "1h30m"})
	})
	if got := r.JSON200.Now.Format("2006-01-02T15:04:05Z07:00"); got != "2030-01-01T01:30:00Z" || !r.JSON200.Frozen {
		t.Errorf("%s %s", got, r.Body)
	}
	f.api("PUT", "/v1/bdbs/1", `{"memory_size": 4711}`)
	if _, answer := f.api("GET", "/v1/bdbs/1", ""); !strings.Contains(answer, `"last_changed_time":"2030-01-01T01:30:00Z"`) {
		t.Errorf("%s", answer)
	}
	want(t, 200, func() (*api.ResumeClockResult, error) { return f.ResumeClockWithResponse(ctx) })
	if g := want(t, 200, func() (*api.GetClockResult, error) { return f.GetClockWithResponse(ctx) }); g.JSON200.Frozen {
		t.Errorf("%s", g.Body)
	}
}

// TestScripts has an import follow its script, and releases it.
func TestScripts(t *testing.T) {
	dir := t.TempDir()
	f := start(t, func(cfg *node.Config) { cfg.Importer.MountPoints = []string{dir} })
	ctx := t.Context()
	want(t, 200, func() (*api.SetScriptsResult, error) {
		return f.SetScriptsWithResponse(ctx, 1, api.Scripts{ImportScripts: []api.Script{{Outcome: "succeeded", Pace: "frozen", At: 40}}})
	})
	if status, answer := f.api("POST", "/v1/bdbs/1/actions/import", `{"dataset_import_sources": [{"type": "mount_point", "path": "`+dir+`/x.rdb"}]}`); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	if _, answer := f.api("GET", "/v1/bdbs/1", ""); !strings.Contains(answer, `"import_progress":40`) {
		t.Errorf("%s", answer)
	}
	want(t, 204, func() (*api.ReleaseImportResult, error) { return f.ReleaseImportWithResponse(ctx, 1) })
	if _, answer := f.api("GET", "/v1/bdbs/1", ""); !strings.Contains(answer, `"import_status":"succeeded"`) {
		t.Errorf("%s", answer)
	}
	r := want(t, 409, func() (*api.ReleaseImportResult, error) { return f.ReleaseImportWithResponse(ctx, 1) })
	if r.JSON409.ErrorCode != "not_frozen" {
		t.Errorf("%s", r.Body)
	}
}

// TestFaults puts, lists and clears faults.
func TestFaults(t *testing.T) {
	f := start(t)
	ctx := t.Context()
	busy := want(t, 200, func() (*api.PutFaultResult, error) {
		return f.PutFaultWithResponse(ctx, "a/b c", api.FaultSettings{Operation: "resetBDBImportStatus", First: 1, Status: 409})
	}).JSON200
	if busy.Code != "busy" || busy.Description == "" || busy.Name != "a/b c" {
		t.Errorf("%+v", busy)
	}
	want(t, 200, func() (*api.PutFaultResult, error) {
		return f.PutFaultWithResponse(ctx, "late", api.FaultSettings{Operation: "listModules", Share: 0.25, Seed: 7, Delay: "1h"})
	})
	for _, status := range []int{409, 200} {
		if got, answer := f.api("PUT", "/v1/bdbs/1/actions/import_reset_status", ""); got != status {
			t.Errorf("%d %s, want %d", got, answer, status)
		}
	}
	all := *want(t, 200, func() (*api.ListFaultsResult, error) { return f.ListFaultsWithResponse(ctx) }).JSON200
	if len(all) != 2 || all[0].Seen != 2 || all[0].Struck != 1 || all[1].Delay != "1h0m0s" || all[1].Share != 0.25 || all[1].Seed != 7 {
		t.Errorf("%+v", all)
	}
	want(t, 204, func() (*api.ClearFaultResult, error) { return f.ClearFaultWithResponse(ctx, "a/b c") })
	want(t, 404, func() (*api.ClearFaultResult, error) { return f.ClearFaultWithResponse(ctx, "a/b c") })
	want(t, 204, func() (*api.ClearFaultsResult, error) { return f.ClearFaultsWithResponse(ctx) })
	if all := want(t, 200, func() (*api.ListFaultsResult, error) { return f.ListFaultsWithResponse(ctx) }); string(all.Body) != "[]\n" {
		t.Errorf("%s", all.Body)
	}
}

// TestTrace shows what was asked without its secrets, and waits for what comes.
func TestTrace(t *testing.T) {
	f := start(t)
	ctx := t.Context()
	trace := func(p api.GetTraceParams) []api.Exchange {
		t.Helper()
		r := want(t, 200, func() (*api.GetTraceResult, error) { return f.GetTraceWithResponse(ctx, &p) })
		if strings.Contains(string(r.Body), password) {
			t.Errorf("a password is in %s", r.Body)
		}
		return *r.JSON200
	}
	if got := trace(api.GetTraceParams{}); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	waited := make(chan []api.Exchange)
	go func() { waited <- trace(api.GetTraceParams{Wait: new(15)}) }()
	f.api("GET", "/v1/bdbs?fields=uid", "")
	if got := <-waited; len(got) != 1 || got[0].Operation != "listBDBs" || got[0].Status != 200 {
		t.Errorf("%+v", got)
	}
	f.api("DELETE", "/v1/bdbs/7", "")
	if got := trace(api.GetTraceParams{Since: new(1)}); len(got) != 1 || got[0].UID != 7 || got[0].End != "answered" {
		t.Errorf("%+v", got)
	}
	if got := trace(api.GetTraceParams{Last: new(1)}); len(got) != 1 || got[0].Number != 2 {
		t.Errorf("%+v", got)
	}
	go func() { waited <- trace(api.GetTraceParams{Since: new(2), Wait: new(1)}) }()
	if got := <-waited; len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestHealth says where the API is.
func TestHealth(t *testing.T) {
	f := start(t)
	h := want(t, 200, func() (*api.GetHealthResult, error) { return f.GetHealthWithResponse(t.Context()) })
	if h.JSON200.URL != f.node.URL() || h.JSON200.CA != f.node.CA() {
		t.Errorf("%s", h.Body)
	}
}

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
		"another Host":        {"GET", "/clock", "", foreign, 403, "Host: expected localhost"},
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
		"no users":            {"PUT", "/state", "databases: []", nil, 400, "seed: expected users"},
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

// TestSocket serves the controls on a socket for its user alone, and removes it.
func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	n, err := node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: "unix:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if is, err := os.Stat(path); err != nil || is.Mode().Perm() != 0o600 || n.ControlsURL() != "unix:"+path {
		t.Errorf("%v: %v, %s", err, is.Mode(), n.ControlsURL())
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	c, err := api.NewClientWithResponses("http://localhost", api.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}))
	if err != nil {
		t.Fatal(err)
	}
	want(t, 204, func() (*api.ResetClusterResult, error) { return c.ResetClusterWithResponse(t.Context()) })
	_, err = node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: "unix:" + path})
	if wrong := new(node.ConfigError); !errors.As(err, &wrong) || wrong.Setting != "controls" {
		t.Errorf("a second node: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
}

// TestOnlyOnThisMachine: the controls have no password.
func TestOnlyOnThisMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1", "unix:", "unix:" + file, "unix:/no/such/directory/s"} {
		n, err := node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: address})
		if wrong := new(node.ConfigError); n != nil || !errors.As(err, &wrong) || wrong.Setting != "controls" {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestCloseEndsWaits: who waits for the trace does not hold up the end of the node.
func TestCloseEndsWaits(t *testing.T) {
	n, err := node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := api.NewClientWithResponses(n.ControlsURL())
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() {
		r, err := c.GetTraceWithResponse(t.Context(), &api.GetTraceParams{Wait: new(15)})
		if err == nil && r.StatusCode() != 200 {
			err = errors.New(r.Status())
		}
		waited <- err
	}()
	began := time.Now()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	<-waited // answered, or not accepted any more
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
