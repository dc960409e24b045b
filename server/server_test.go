package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
)

const (
	admin    = "admin@example.com"
	viewer   = "viewer@example.com"
	nobody   = "nobody@example.com"
	password = "correct horse"
)

// fixture is a node of its own, behind a real listener.
type fixture struct {
	*httptest.Server
	t        testing.TB
	node     *node.Node
	contract *contract
	store    store.Store
	events   *eventtest.Recorder
	clock    *clock
}

// clock stands still unless a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var hash = sync.OnceValue(func() string {
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		panic(err)
	}
	return string(h)
})

// start runs a server with the demo cluster's databases and modules, and users of each kind.
func start(t testing.TB, change ...func(*node.Config)) *fixture {
	t.Helper()
	examples, err := filepath.Abs("../examples")
	if err != nil {
		t.Fatal(err)
	}
	demo, err := seed.Read(filepath.Join(examples, "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	demo.Users = []access.User{
		{Email: admin, PasswordHash: hash(), Role: access.Admin},
		{Email: viewer, PasswordHash: hash(), Role: access.DBViewer},
		{Email: nobody, PasswordHash: hash(), Role: access.None},
	}
	f := &fixture{t: t, contract: theContract(t), events: eventtest.NewRecorder(), clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	cfg := node.Config{
		Seed: *demo, Lockout: access.Lockout{Failures: 3, Within: time.Minute, For: time.Hour}, Now: f.clock.Now, Events: f.events.Sink,
		Importer: importer.Config{MountPoints: []string{examples}, AllowPrivate: true, MaxDownload: 1 << 30, MaxExpansion: 1 << 30, SpoolReserve: 1},
	}
	for _, c := range change {
		c(&cfg)
	}
	if f.node, err = node.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	f.store = f.node.Store()
	t.Cleanup(func() {
		if err := f.node.Close(); err != nil && !errors.Is(err, store.ErrClosed) { // by the test
			t.Error(err)
		}
	})
	f.Server = httptest.NewServer(f.node)
	t.Cleanup(f.Server.Close)
	return f
}

type response struct {
	*http.Response
	body []byte
}

// errorCode is the code of an error body, empty for a success.
func (r response) errorCode() string {
	var e struct {
		ErrorCode string `json:"error_code"`
	}
	json.Unmarshal(r.body, &e)
	return e.ErrorCode
}

func (r response) description() string {
	var e struct {
		Description string `json:"description"`
	}
	json.Unmarshal(r.body, &e)
	return e.Description
}

// call sends a request as admin and holds the answer against the contract.
func (f *fixture) call(method, path, body string, change ...func(*http.Request)) response {
	f.t.Helper()
	r := f.raw(method, path, body, change...)
	if err := f.contract.check(r.Request, r.StatusCode, r.Header, r.body); err != nil {
		f.t.Errorf("%s %s: %v", method, path, err)
	}
	return r
}

// raw is call for requests that no operation of the contract answers.
func (f *fixture) raw(method, path, body string, change ...func(*http.Request)) response {
	f.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, f.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.SetBasicAuth(admin, password)
	for _, c := range change {
		c(r)
	}
	w, err := f.Client().Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer w.Body.Close()
	data, err := io.ReadAll(w.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return response{w, data}
}

func as(email string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(email, password) }
}

func (f *fixture) get(uid string) map[string]any {
	f.t.Helper()
	r := f.call("GET", "/v1/bdbs/"+uid, "")
	var bdb map[string]any
	if err := json.Unmarshal(r.body, &bdb); err != nil || r.StatusCode != 200 {
		f.t.Fatalf("%d %s: %v", r.StatusCode, r.body, err)
	}
	return bdb
}

// settled waits until no import runs on the database. Each turn is a request, so it leaves the import its time.
func (f *fixture) settled(uid string) map[string]any {
	f.t.Helper()
	deadline, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for deadline.Err() == nil {
		if bdb := f.get(uid); bdb["status"] == string(database.Active) {
			return bdb
		}
	}
	f.t.Fatal("the import has not ended within a minute")
	return nil
}
