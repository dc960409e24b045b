package handler_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
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
	f := start(t, func(cfg *node.Config) { cfg.TLS = true })
	h := want(t, 200, func() (*api.GetHealthResult, error) { return f.GetHealthWithResponse(t.Context()) })
	if h.JSON200.URL != f.node.URL() || h.JSON200.CA != f.node.CA() || h.JSON200.CA == "" {
		t.Errorf("%s", h.Body)
	}
}
