package conform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fault is a way in which a server may break the contract.
type fault struct {
	name       string
	operations []string // that it strikes; all if it is nil
	// request damages what is sent, and response what comes back. Either may be nil.
	request  func(d *damager, r *http.Request)
	response func(d *damager, r *http.Request, a *damagedAnswer)
}

// damagedAnswer is a response whose body has been read.
type damagedAnswer struct {
	status int
	header http.Header
	body   []byte
	stuck  bool // it does not end
}

// damager stands between a run and a sound server, and strikes one operation with one fault.
type damager struct {
	next      http.RoundTripper
	fault     *fault // nil for none
	operation string
	elsewhere string                 // another server
	stale     map[string]staleAnswer // by path; nil unless the fault is about them
}

func (d *damager) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.fault == nil || r.UserAgent() != userAgent { // what brings about the state of a case stays sound
		return d.next.RoundTrip(r)
	}
	op, _ := theRules().contract.Find(r.Method, r.URL.EscapedPath())
	struck := op != nil && op.ID == d.operation
	r = r.Clone(r.Context())
	if struck && d.fault.request != nil {
		d.fault.request(d, r)
	}
	resp, err := d.next.RoundTrip(r)
	if err != nil || d.fault.response == nil || !struck && d.stale == nil {
		return resp, err
	}
	defer resp.Body.Close()
	a := damagedAnswer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	if r.Method != http.MethodHead {
		d.fault.response(d, r, &a)
	}
	resp.StatusCode, resp.ContentLength, resp.Body = a.status, int64(len(a.body)), io.NopCloser(bytes.NewReader(a.body))
	if a.stuck {
		resp.Body = io.NopCloser(stuck{r})
	}
	return resp, nil
}

// stuck is a body of which nothing comes until the request is given up.
type stuck struct{ r *http.Request }

func (s stuck) Read([]byte) (int, error) {
	<-s.r.Context().Done()
	return 0, s.r.Context().Err()
}

// object changes the members of each object in an answer.
func (a *damagedAnswer) object(change func(map[string]any)) {
	var one map[string]any
	var many []map[string]any
	var changed any
	switch {
	case json.Unmarshal(a.body, &one) == nil:
		change(one)
		changed = one
	case json.Unmarshal(a.body, &many) == nil:
		for _, o := range many {
			change(o)
		}
		changed = many
	default:
		return
	}
	a.body, _ = json.Marshal(changed)
}

var withBodies = []string{"listBDBs", "createBDB", "getBDB", "updateBDB", "deleteBDB", "listModules", "getModule"}

var faults = []fault{
	{name: "another success", response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status == 200 {
			a.status = 202
		}
	}},
	{name: "another refusal", response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status >= 400 {
			a.status = 418
		}
	}},
	{name: "a documented status that is not the right one", response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status == 404 || a.status == 401 {
			a.status = 400
		}
	}},
	{name: "an extra member", operations: withBodies, response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status == 200 {
			a.object(func(o map[string]any) { o["no_such_member"] = 1 })
		}
	}},
	{name: "an extra member of an error", response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status >= 400 {
			a.object(func(o map[string]any) { o["message"] = "a" })
		}
	}},
	{name: "a missing member", operations: withBodies, response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status == 200 {
			a.object(func(o map[string]any) { delete(o, "import_status"); delete(o, "capabilities") })
		}
	}},
	{name: "a missing member of an error", response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status >= 400 {
			a.object(func(o map[string]any) { delete(o, "error_code") })
		}
	}},
	{name: "a wrong type", operations: withBodies, response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status == 200 {
			a.object(func(o map[string]any) { o["uid"] = true })
		}
	}},
	{name: "another error_code", response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status >= 400 {
			a.object(func(o map[string]any) { o["error_code"] = "nope" })
		}
	}},
	{name: "bytes behind the JSON", operations: withBodies, response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status == 200 {
			a.body = append(a.body, '{')
		}
	}},
	{name: "a body on an empty 200", operations: []string{"resetBDBImportStatus", "startBDBImport", "getBDBAvailability", "getLocalBDBEndpointAvailability"}, response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		if a.status == 200 {
			a.body = []byte("{}")
		}
	}},
	{name: "no X-Request-Id", response: func(_ *damager, _ *http.Request, a *damagedAnswer) { a.header.Del("X-Request-Id") }},
	{name: "no WWW-Authenticate", response: func(_ *damager, _ *http.Request, a *damagedAnswer) { a.header.Del("WWW-Authenticate") }},
	{name: "no Content-Type", operations: withBodies, response: func(_ *damager, _ *http.Request, a *damagedAnswer) { a.header.Del("Content-Type") }},
	{name: "a state that is stale after a change", operations: []string{"resetBDBImportStatus", "startBDBImport", "updateBDB", "deleteBDB"}, response: staleState},
	{name: "a 409 that is dropped", operations: []string{"resetBDBImportStatus", "startBDBImport", "createBDB", "updateBDB", "deleteBDB"}, response: succeedsInPlaceOf(409)},
	{name: "a 406 that is dropped", operations: []string{"resetBDBImportStatus", "startBDBImport", "createBDB", "updateBDB"}, response: succeedsInPlaceOf(406)},
	{name: "a 503 that is dropped", operations: []string{"getBDBAvailability", "getLocalBDBEndpointAvailability"}, response: succeedsInPlaceOf(503)},
	{name: "a 200 in place of a 403", response: succeedsInPlaceOf(403)},
	{name: "a 200 in place of a 401", response: succeedsInPlaceOf(401)},
	{name: "a login that is not needed", request: func(_ *damager, r *http.Request) { r.Header.Set("Authorization", sound.Load().(string)) }},
	{name: "a redirect to another host", response: func(d *damager, r *http.Request, a *damagedAnswer) {
		a.status, a.body = http.StatusTemporaryRedirect, nil
		a.header.Set("Location", d.elsewhere+r.URL.RequestURI())
	}},
	{name: "a slow body", response: func(_ *damager, _ *http.Request, a *damagedAnswer) { a.stuck = true }},
	{name: "a refusal that changes something", operations: []string{"updateBDB"}, response: changesBeside},
	{name: "a dry run that is done", operations: []string{"createBDB", "updateBDB"}, request: withoutQuery},
	{name: "fields that are not picked", operations: []string{"listBDBs", "getBDB"}, request: withoutQuery},
	{name: "a list without new databases", operations: []string{"listBDBs"}, response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		var items []json.RawMessage
		if json.Unmarshal(a.body, &items) == nil {
			a.body, _ = json.Marshal(slices.DeleteFunc(items, func(item json.RawMessage) bool { return bytes.Contains(item, []byte(`"conform-`)) }))
		}
	}},
	{name: "a list with a database twice", operations: []string{"listBDBs"}, response: func(_ *damager, _ *http.Request, a *damagedAnswer) {
		var items []json.RawMessage
		if json.Unmarshal(a.body, &items) == nil && len(items) > 0 {
			a.body, _ = json.Marshal(append(items, items[len(items)-1]))
		}
	}},
	{name: "a spelling of a uid that passes", operations: []string{"resetBDBImportStatus", "startBDBImport", "getBDB", "updateBDB"}, request: func(_ *damager, r *http.Request) {
		parts := strings.Split(r.URL.EscapedPath(), "/")
		if n, err := strconv.Atoi(strings.TrimLeft(parts[3], "+0")); err == nil {
			parts[3] = strconv.Itoa(n)
			r.URL.Path, r.URL.RawPath = strings.Join(parts, "/"), ""
		}
	}},
}

// sound is the Authorization of an administrator.
var sound atomic.Value

func withoutQuery(_ *damager, r *http.Request) { r.URL.RawQuery = "" }

func succeedsInPlaceOf(status int) func(*damager, *http.Request, *damagedAnswer) {
	return func(_ *damager, r *http.Request, a *damagedAnswer) {
		if a.status != status {
			return
		}
		a.status, a.body = 200, []byte(`{"uid": 1}`)
		if strings.Contains(r.URL.Path, "/actions/") || strings.HasSuffix(r.URL.Path, "/availability") {
			a.header.Del("Content-Type")
			a.body = nil
		}
	}
}

// staleState has a GET answer what it did before the change.
func staleState(d *damager, r *http.Request, a *damagedAnswer) {
	path, _, _ := strings.Cut(r.URL.Path, "/actions/")
	before, known := d.stale[path]
	switch {
	case r.Method != http.MethodGet:
		before.changed = a.status == 200
		d.stale[path] = before
	case known && before.changed && before.query == r.URL.RawQuery && before.answer.status != 0:
		*a = before.answer
	default:
		d.stale[path] = staleAnswer{*a, r.URL.RawQuery, false}
	}
}

// staleAnswer is what a GET has answered.
type staleAnswer struct {
	answer  damagedAnswer
	query   string
	changed bool // what it shows is not true any more
}

// changesBeside makes a change that the refused request did not ask for.
func changesBeside(d *damager, r *http.Request, a *damagedAnswer) {
	if a.status != 400 && a.status != 406 {
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPut, r.URL.Scheme+"://"+r.URL.Host+r.URL.Path, strings.NewReader(`{"conns": 77}`))
	if err != nil {
		return
	}
	req.Header = r.Header.Clone()
	if resp, err := d.next.RoundTrip(req); err == nil {
		resp.Body.Close()
	}
}

// TestDamageIsCaught strikes each operation of a sound server with each fault. A case of that operation catches every one, and
// the other host hears nothing. Which case it is stands in testdata/damage.golden.
func TestDamageIsCaught(t *testing.T) {
	var heard atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	t.Cleanup(other.Close)
	n := startOurs(t)
	d := &damager{next: new(http.Transport), elsewhere: other.URL}
	r, err := newRun(Server{URL: n.URL(), Controls: n.ControlsURL(), Transport: d}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if err := r.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	login := http.Request{Header: http.Header{}}
	login.SetBasicAuth(r.server.User, r.server.Password)
	sound.Store(login.Header.Get("Authorization"))
	cases := slices.DeleteFunc(r.cases(), func(c testCase) bool { return strings.HasPrefix(c.name, "variants of ") })
	before := caughtBefore(t)
	var table strings.Builder
	for _, f := range faults {
		for _, op := range r.contract.Operations {
			if f.operations != nil && !slices.Contains(f.operations, op.ID) {
				continue
			}
			strike := op.ID + ", " + f.name
			last := slices.DeleteFunc(slices.Clone(cases), func(c testCase) bool { return c.operation != op.ID || c.name != before[strike] })
			caught := d.strike(t, r, last, &f, op.ID)
			if caught == "" {
				caught = d.strike(t, r, cases, &f, op.ID)
			}
			if caught == "" {
				t.Errorf("%s: no case catches it", strike)
			}
			fmt.Fprintf(&table, "%s: %s\n", strike, cmp.Or(caught, "nothing"))
		}
	}
	if heard.Load() > 0 {
		t.Errorf("the other host has had %d requests", heard.Load())
	}
	golden(t, "testdata/damage.golden", table.String())
}

// caughtBefore returns the case that has caught each fault, to try first: a search takes a while.
func caughtBefore(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/damage.golden")
	if err != nil && !*update {
		t.Fatal(err)
	}
	caught := map[string]string{}
	for line := range strings.Lines(string(text)) {
		strike, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		caught[strike] = name
	}
	return caught
}

// strike returns the first case of an operation that catches a fault.
func (d *damager) strike(t *testing.T, r *run, cases []testCase, f *fault, operation string) (caught string) {
	t.Helper()
	d.fault, d.operation, d.stale = f, operation, nil
	if strings.Contains(f.name, "stale") {
		d.stale = map[string]staleAnswer{}
	}
	r.options.Timeout = defaultTimeout
	if f.name == "a slow body" {
		r.options.Timeout = 50 * time.Millisecond
	}
	defer func() { d.fault, r.options.Timeout = nil, defaultTimeout }()
	for _, c := range cases {
		if c.operation != operation {
			continue
		}
		if d.stale != nil {
			clear(d.stale)
		}
		if result := r.do(t.Context(), c); result.Outcome == Broken {
			return c.name
		}
	}
	return ""
}
