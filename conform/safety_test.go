package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

// recorder keeps what is sent through it.
type recorder struct {
	mu   sync.Mutex
	sent []*http.Request
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.sent = append(r.sent, req.Clone(context.Background()))
	r.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

// asUser is a run as on a cluster, without controls.
func asUser(s Server) Server {
	s.User, s.Password = user, password
	return s
}

func TestReadOnlySendsNoChange(t *testing.T) {
	n := startOurs(t)
	sent := &recorder{}
	report, err := Check(t.Context(), asUser(Server{URL: n.URL(), ReadOnly: true, Transport: sent}), Options{})
	if err != nil || report.Count(Kept) == 0 || report.Count(Broken) > 0 {
		t.Fatalf("%v, %+v", err, report)
	}
	for _, req := range sent.sent {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			t.Errorf("%s %s was sent", req.Method, req.URL)
		}
	}
}

// TestRun is what the users of the package write.
func TestRun(t *testing.T) {
	Run(t, asUser(Server{URL: startOurs(t).URL(), ReadOnly: true}))
}

// TestOtherDatabasesStayAsTheyAre lets a run change one database and create others: the one beside is not touched, and nothing
// is left.
func TestOtherDatabasesStayAsTheyAre(t *testing.T) {
	n := startOurs(t)
	c := clientOf(t, n.URL())
	named, beside := newDatabase(t, c, "named"), newDatabase(t, c, "beside")
	sent := &recorder{}
	report, err := Check(t.Context(), asUser(Server{URL: n.URL(), UID: named, Create: true, Transport: sent}), Options{Match: someVariants})
	if err != nil || report.Count(Broken) > 0 {
		t.Fatal(err, report.Count(Broken))
	}
	all, err := c.ListDatabases(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %d databases are left", err, len(all))
	}
	for _, req := range sent.sent {
		if strings.HasSuffix(req.URL.Path, "/2") && req.Method != http.MethodGet && req.Method != http.MethodHead && req.Method != http.MethodOptions {
			t.Errorf("%s %s was sent, beside the database that the run may change", req.Method, req.URL)
		}
	}
	if after, err := c.GetDatabase(t.Context(), beside); err != nil || !bytes.Equal(after.Raw, all[1].Raw) || after.Name != "beside" {
		t.Errorf("%v, %s", err, after.Raw)
	}
}

// TestSettingIsPutBack runs the cases that update a database, to their end and cancelled after the first change.
func TestSettingIsPutBack(t *testing.T) {
	n := startOurs(t)
	c := clientOf(t, n.URL())
	named := newDatabase(t, c, "named")
	on := true
	if _, err := c.UpdateDatabase(t.Context(), named, api.BDBUpdate{EmailAlerts: &on}); err != nil {
		t.Fatal(err)
	}
	for _, cancelled := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		changes := sender(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if cancelled && r.Method == http.MethodPut && r.URL.RawQuery == "" {
				cancel()
			}
			return resp, err
		})
		_, err := Check(ctx, asUser(Server{URL: n.URL(), UID: named, Transport: changes}), Options{Match: regexp.MustCompile("^updateBDB/(a setting|twice|a dry run)")})
		cancel()
		if cancelled != errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		db, err := c.GetDatabase(t.Context(), named)
		if err != nil {
			t.Fatal(err)
		}
		if settings, err := db.BDB(); err != nil || !*settings.EmailAlerts {
			t.Errorf("cancelled %v: %v, email_alerts is not what it was", cancelled, err)
		}
	}
}

type sender func(*http.Request) (*http.Response, error)

func (f sender) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestViewerIsNotLockedOut gives the suite a wrong password for the viewer: it sends it once.
func TestViewerIsNotLockedOut(t *testing.T) {
	n := startOurs(t)
	sent := &recorder{}
	server := asUser(Server{URL: n.URL(), Create: true, Viewer: "viewer@example.com", ViewerPassword: "wrong", Transport: sent})
	if _, err := Check(t.Context(), server, Options{}); !errors.Is(err, client.ErrUnauthorized) || !strings.Contains(err.Error(), "viewer") {
		t.Error(err)
	}
	logins := 0
	for _, req := range sent.sent {
		if name, _, _ := req.BasicAuth(); name == server.Viewer {
			logins++
		}
	}
	if logins != 1 {
		t.Errorf("the viewer has logged in %d times", logins)
	}
}

// TestDatabaseThatNeverSettles runs several cases on a database whose import does not end: the run waits for it once.
func TestDatabaseThatNeverSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := sender(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.Header().Set("Content-Type", "application/json")
			if !strings.HasSuffix(r.URL.Path, "/7") {
				w.WriteHeader(http.StatusNotFound)
				return w.Result(), nil
			}
			_, _ = io.WriteString(w, `{"uid": 7, "status": "import-pending", "import_status": "importing"}`)
			return w.Result(), nil
		})
		begin := time.Now()
		report, err := Check(t.Context(), asUser(Server{URL: "http://cluster.example.com", UID: 7, Transport: server}), Options{Match: regexp.MustCompile("^resetBDBImportStatus/sent with")})
		if err != nil || len(report.Results) < 5 || report.Count(NotTestable) != len(report.Results) {
			t.Errorf("%v, %+v", err, report)
		}
		if waited := time.Since(begin); waited > settleTime+time.Minute {
			t.Errorf("the run has waited for %s", waited)
		}
	})
}

// TestLyingCreationHarmsNobody has the answers to creations show the uid of a database that was there before.
func TestLyingCreationHarmsNobody(t *testing.T) {
	n := startOurs(t)
	c := clientOf(t, n.URL())
	beside := newDatabase(t, c, "beside")
	liar := sender(func(r *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/bdbs" {
			return resp, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		body = regexp.MustCompile(`"uid":[0-9]+`).ReplaceAll(body, []byte(fmt.Sprintf(`"uid":%d`, beside)))
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return resp, err
	})
	report, err := Check(t.Context(), asUser(Server{URL: n.URL(), Create: true, Transport: liar}), Options{Match: regexp.MustCompile("^(createBDB/(it is|with a uid)|deleteBDB/(it is|twice)|resetBDBImportStatus/sent)")})
	if err != nil || report.Count(Broken) == 0 {
		t.Errorf("%v, %+v", err, report)
	}
	if all, err := c.ListDatabases(t.Context()); err != nil || len(all) != 1 || all[0].Name != "beside" {
		t.Errorf("%v, left are %v", err, all)
	}
}

// TestCancelledRunCleansUp cancels a run in the middle.
func TestCancelledRunCleansUp(t *testing.T) {
	n := startOurs(t)
	c := clientOf(t, n.URL())
	ctx, cancel := context.WithCancel(t.Context())
	created := false
	report, err := Check(ctx, asUser(Server{URL: n.URL(), Create: true}), Options{Progress: func(Result) {
		all, err := c.ListDatabases(t.Context(), "name")
		if err != nil {
			t.Error(err)
		}
		if len(all) > 0 {
			created = true
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || report == nil || !created {
		t.Fatalf("%v, %+v, a database was created: %v", err, report, created)
	}
	if all, err := c.ListDatabases(t.Context(), "name"); err != nil || len(all) > 0 {
		t.Fatalf("%v, %v is left", err, all)
	}
}

// TestControlsPutBack holds that a run with controls leaves what it found.
func TestControlsPutBack(t *testing.T) {
	n := startOurs(t)
	c := clientOf(t, n.URL())
	uid := newDatabase(t, c, "before")
	before, err := c.GetDatabase(t.Context(), uid)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Check(ctx, Server{URL: n.URL(), Controls: n.ControlsURL()}, Options{Progress: func(Result) { cancel() }}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	all, err := c.ListDatabases(t.Context())
	if err != nil || len(all) != 1 || !bytes.Equal(all[0].Raw, before.Raw) {
		t.Fatalf("%v, %v", err, all)
	}
}

// TestDoor sends what a run may not send.
func TestDoor(t *testing.T) {
	base, _ := url.Parse("https://cluster.example.com:9443")
	d := &door{next: refusing{}, base: base, create: true, tag: "conform-x", own: map[string]bool{"7": true, "07": true}}
	for call, passes := range map[string]bool{
		"GET https://cluster.example.com:9443/v1/bdbs/1":                                true,
		"GET https://elsewhere.example.com/v1/bdbs/1":                                   false,
		"GET http://cluster.example.com:9443/v1/bdbs/1":                                 false,
		"PUT https://cluster.example.com:9443/v1/bdbs/7":                                true,
		"PUT https://cluster.example.com:9443/v1/bdbs/07":                               true,
		"PUT https://cluster.example.com:9443/v1/bdbs/8/actions/import_reset_status":    false,
		"PUT https://cluster.example.com:9443/v1/bdbs/7/actions/import_reset_status":    true,
		"DELETE https://cluster.example.com:9443/v1/bdbs":                               false,
		"PUT https://cluster.example.com:9443/v1/cluster":                               false,
		"POST https://cluster.example.com:9443/v1/bdbs a database":                      false,
		"POST https://cluster.example.com:9443/v1/bdbs {\"name\":\"conform-x-1\"}":      true,
		"POST https://cluster.example.com:9443/v1/bdbs?dry_run a database":              true,
		"POST https://cluster.example.com:9443/v1/bdbs?dry_run=false a database":        false,
		"POST https://cluster.example.com:9443/v1/bdbs?dry_run=0&fields=uid a database": false,
	} {
		method, rest, _ := strings.Cut(call, " ")
		target, body, _ := strings.Cut(rest, " ")
		req, err := http.NewRequest(method, target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.RoundTrip(req) //nolint:bodyclose // there is no answer
		if passed := errors.Is(err, errReached); passed != passes {
			t.Errorf("%s: passed %v, want %v: %v", call, passed, passes, err)
		}
	}
}

var errReached = errors.New("reached")

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errReached }

// TestPlanComesFirst holds that nothing is sent before the plan is confirmed, and that it says what may be lost.
func TestPlanComesFirst(t *testing.T) {
	sent := &recorder{}
	refused := errors.New("no")
	var said string
	_, err := Check(t.Context(), asUser(Server{URL: "http://127.0.0.1:1", UID: 7, Create: true, Transport: sent}), Options{
		Confirm: func(plan []string) error { said = strings.Join(plan, "\n"); return refused },
	})
	if !errors.Is(err, refused) || len(sent.sent) > 0 {
		t.Errorf("%v, and %d requests", err, len(sent.sent))
	}
	for _, want := range []string{"database 7", "erase", "delete them at the end", "no other host"} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
}

// TestReports writes a report in each form. None has a secret, and the XML is well formed whatever a server says.
func TestReports(t *testing.T) {
	const hidden = "hunter2hunter2"
	req, _ := http.NewRequest(http.MethodPut, "http://127.0.0.1/v1/bdbs/1", nil)
	req.SetBasicAuth(user, hidden)
	r := &run{}
	r.mask.Learn(hidden)
	x := &exchange{req: req, sent: `{"authentication_redis_pass": "abc-secret"}`, status: 200, header: http.Header{"Location": {"https://a:" + hidden + "@b/"}}, body: []byte(`{"authentication_admin_pass": "abc-secret", "name": "a\u0001` + hidden + `"}`)}
	broken := Result{Operation: "updateBDB", Name: "a <case>", Status: 200, Outcome: Broken, Reason: "it says \x1b[31m & more", Contract: "200: The database."}
	broken.Request, broken.Response = r.texts(x)
	report := &Report{Server: "http://127.0.0.1", Results: []Result{
		broken, {Operation: "getBDB", Name: "b", Outcome: Kept}, {Operation: "getBDB", Name: "c", Outcome: NotTestable, Reason: "why"},
		{Operation: "getBDB", Name: "d", Outcome: Open, Reason: "silent", Seen: []string{"error_code \"x\""}},
	}}
	for name, write := range map[string]func(io.Writer) error{"table": report.WriteTable, "json": report.WriteJSON, "junit": report.WriteJUnit} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{hidden, "abc-secret", "\x1b"} {
			if strings.Contains(b.String(), secret) {
				t.Errorf("%s shows %q:\n%s", name, secret, &b)
			}
		}
		switch name {
		case "json":
			var again Report
			if err := json.Unmarshal(b.Bytes(), &again); err != nil || again.Count(Broken) != 1 || len(again.Results) != 4 {
				t.Errorf("%v\n%s", err, &b)
			}
		case "junit":
			var again junitSuites
			if err := xml.Unmarshal(b.Bytes(), &again); err != nil || again.Tests != 4 || again.Failures != 1 || again.Skipped != 1 || len(again.Suites) != 2 {
				t.Errorf("%v %+v\n%s", err, again, &b)
			}
		}
	}
}

func clientOf(t *testing.T, address string) *client.Client {
	t.Helper()
	c, err := client.New(address, client.WithBasicAuth(user, password))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newDatabase(t *testing.T, c *client.Client, name string) int {
	t.Helper()
	db, err := c.CreateDatabaseJSON(t.Context(), json.RawMessage(`{"name": "`+name+`", "memory_size": 104857600}`))
	if err != nil {
		t.Fatal(err)
	}
	return db.UID
}
