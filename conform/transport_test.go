package conform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/conform"
	"github.com/reimport/reimport/gen/api"
)

// TestOurClientAndServerKeepTheContract drives a database through its life with both ends of ours.
func TestOurClientAndServerKeepTheContract(t *testing.T) {
	srv := serveDemo(t)
	other := new(otherTest)
	c, err := client.New(srv.URL, client.WithBasicAuth(admin, password), client.WithRetry(0),
		client.WithHTTPClient(&http.Client{Transport: conform.Checker{Ours: true}.Transport(srv.Client().Transport, other)}))
	if err != nil {
		t.Fatal(err)
	}
	live(t, c)
	if got := other.end(); got != "" || len(other.notes) != 1 || !strings.Contains(other.notes[0], "as GET shows them") {
		t.Errorf("%s\n%s", got, other.notes)
	}
}

// live drives a server through what clients do.
func live(t *testing.T, c *client.Client) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.ListDatabases(ctx)
	must(err)
	modules, err := c.ListModules(ctx)
	must(err)
	_, err = c.GetModule(ctx, modules[0].UID)
	must(err)
	created, err := c.CreateDatabase(ctx, api.BDBCreate{Name: "sessions", MemorySize: 1 << 30})
	must(err)
	must(second(c.UpdateDatabaseJSON(ctx, created.UID, json.RawMessage(`{"conns": 7}`))))
	shown, err := c.GetDatabase(ctx, created.UID)
	must(err)
	must(second(c.UpdateDatabaseJSON(ctx, created.UID, shown.Raw))) // it may be sent back
	path, err := filepath.Abs("../examples/sessions.rdb")
	must(err)
	source, err := client.ParseSource(path)
	must(err)
	must(c.StartImport(ctx, created.UID, source))
	must(second(c.WaitImport(ctx, created.UID, time.Millisecond, nil)))
	must(c.ResetImportStatus(ctx, created.UID))
	must(second(c.GetDatabase(ctx, created.UID, "uid", "import_status")))
	must(second(c.DeleteDatabase(ctx, created.UID)))
	if err := c.ResetImportStatus(ctx, created.UID); !errors.Is(err, client.ErrNotFound) {
		t.Error(err)
	}
	if err := c.ResetImportStatus(ctx, 3); !errors.Is(err, client.ErrBusy) {
		t.Error(err)
	}
	if err := c.ResetImportStatus(ctx, 6); !errors.Is(err, client.ErrUnsupportedModule) {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestTransportFindsDrift has somebody's stub answer as the API does not.
func TestTransportFindsDrift(t *testing.T) {
	const get, reset = "/v1/bdbs/1", "/v1/bdbs/1/actions/import_reset_status"
	for _, c := range []struct {
		name, method, path string
		status             int
		contentType, body  string
		want               string
	}{
		{"nothing", "GET", get, 200, jsonType, `{"uid": 1, "import_status": "idle"}`, ""},
		{"status", "PUT", reset, 202, "", "", "resetBDBImportStatus response: status: expected one of 200, 400, 401, 403, 404, 406, 409, 413, 429, 431, 500, found 202"},
		{"body", "PUT", reset, 200, jsonType, `{"status": "ok"}`, "resetBDBImportStatus response: body: expected no body, found 16 bytes"},
		{"renamed", "GET", get, 404, jsonType, `{"code": "db_not_exist", "description": "no"}`, "getBDB response: error_code: expected a string, found nothing"},
		{"type", "GET", get, 200, jsonType, `{"uid": "1"}`, "getBDB response: uid: expected an integer from 1 to 2147483647, found a string"},
		{"value", "GET", get, 200, jsonType, `{"import_status": "completed"}`, `getBDB response: import_status: expected one of nothing, idle, initializing, importing, succeeded, failed, found "completed"`},
		{"shape", "GET", "/v1/bdbs", 200, jsonType, `{"items": []}`, "listBDBs response: body: expected a list of at least 0, found something else"},
		{"media type", "GET", get, 200, "text/plain", `{"uid": 1}`, `getBDB response: header Content-Type: expected application/json, found "text/plain"`},
		{"text", "GET", get, 404, jsonType, `not found`, "getBDB response: body: expected one JSON value, found something else"},
		{"large and late in a listing", "GET", "/v1/bdbs", 200, jsonType, `[` + strings.Repeat(`{"uid": 1},`+strings.Repeat(" ", 1000), 100) + `{"uid": 0}]`,
			"listBDBs response: [100].uid: expected an integer from 1 to 2147483647, found 0"},
	} {
		for _, reads := range []string{"all", "none"} {
			t.Run(c.name+" "+reads, func(t *testing.T) {
				stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Content-Type"] = nil
					if c.contentType != "" {
						w.Header().Set("Content-Type", c.contentType)
					}
					w.WriteHeader(c.status)
					_, _ = io.WriteString(w, c.body)
				}))
				defer stub.Close()
				other := new(otherTest)
				h := http.Client{Transport: conform.Transport(nil, other)}
				r := request(t, c.method, stub.URL+c.path, nil)
				w, err := h.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				if reads == "all" {
					if got, err := io.ReadAll(w.Body); err != nil || string(got) != c.body {
						t.Errorf("%v: %d bytes of %d have come", err, len(got), len(c.body))
					}
				}
				if err := w.Body.Close(); err != nil {
					t.Error(err)
				}
				if got := other.end(); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		}
	}
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(admin, password)
	return r
}

// TestTransportFindsBadClients sends what somebody's automation may get wrong, in each way in which Go sends a body.
func TestTransportFindsBadClients(t *testing.T) {
	for _, c := range []struct{ name, method, path, body, want string }{
		{"nothing", "PUT", "/v1/bdbs/1/actions/import_reset_status", "{}", ""},
		{"spelling", "PUT", "/v1/bdbs/1/actions/reset_import_status", "", "PUT /v1/bdbs/1/actions/reset_import_status request: path: expected one of the contract, found another"},
		{"method", "POST", "/v1/bdbs/1/actions/import_reset_status", "", "POST /v1/bdbs/1/actions/import_reset_status request: method: expected one of PUT, found POST"},
		{"uid", "GET", "/v1/bdbs/sessions", "", `getBDB request: uid: expected an integer from 1 to 2147483647, found "sessions"`},
		{"query", "GET", "/v1/bdbs?uid=1", "", `listBDBs request: "uid": expected no such query parameter, found another value`},
		{"member", "POST", "/v1/bdbs/1/actions/import", `{"import_location": {}, "flush": true}`, strings.Join([]string{
			`startBDBImport request: "flush": expected no such member, found a boolean`,
			`startBDBImport request: "import_location": expected no such member, found an object`,
		}, "\n")},
		{"type", "POST", "/v1/bdbs", `{"name": "a", "memory_size": "1GB"}`, "createBDB request: memory_size: expected an integer from 0 to 9007199254740991, found a string"},
	} {
		for name, body := range map[string]func() io.Reader{
			"bytes":  func() io.Reader { return bytes.NewReader([]byte(c.body)) },
			"stream": func() io.Reader { return io.MultiReader(strings.NewReader(c.body)) },
		} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				var arrived string
				stub := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					data, _ := io.ReadAll(r.Body)
					arrived = string(data)
				}))
				defer stub.Close()
				other := new(otherTest)
				h := http.Client{Transport: conform.Transport(nil, other)}
				w, err := h.Do(request(t, c.method, stub.URL+c.path, body()))
				if err != nil {
					t.Fatal(err)
				}
				w.Body.Close()
				var requests []string
				for line := range strings.Lines(other.end()) {
					if strings.Contains(line, " request: ") {
						requests = append(requests, strings.TrimSuffix(line, "\n"))
					}
				}
				if got := strings.Join(requests, "\n"); got != c.want || arrived != c.body {
					t.Errorf("got  %s\nwant %s\nthe server got %q", got, c.want, arrived)
				}
			})
		}
	}
}

// TestTransportLeavesStreamsAlone reads a body while it is still being written, and gives up on another.
func TestTransportLeavesStreamsAlone(t *testing.T) {
	more := make(chan struct{})
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, `[{"uid": 1}`)
		w.(http.Flusher).Flush()
		select {
		case <-more:
			_, _ = io.WriteString(w, `]`)
		case <-r.Context().Done():
		}
	}))
	defer stub.Close()
	other := new(otherTest)
	h := http.Client{Transport: conform.Transport(nil, other)}
	w, err := h.Do(request(t, "GET", stub.URL+"/v1/bdbs", nil))
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 11)
	if _, err := io.ReadFull(w.Body, first); err != nil {
		t.Fatal(err)
	}
	close(more)
	rest, err := io.ReadAll(w.Body)
	if err != nil || string(rest) != "]" {
		t.Errorf("%s, %v", rest, err)
	}
	w.Body.Close()

	more = nil
	ctx, cancel := context.WithCancel(t.Context())
	w, err = h.Do(request(t, "GET", stub.URL+"/v1/bdbs", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	cancel() // what has not come is no breach
	if _, err := io.ReadAll(w.Body); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.Body.Close()
	if got := other.end(); got != "" {
		t.Error(got)
	}
}

// TestTransportTellsOnce fails a test once for each place, and not after its end.
func TestTransportTellsOnce(t *testing.T) {
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, `{"uid": 0, "flavour": 1}`)
	}))
	defer stub.Close()
	other := new(otherTest)
	h := http.Client{Transport: conform.Transport(nil, other)}
	get := func(uid int) {
		w, err := h.Do(request(t, "GET", fmt.Sprintf("%s/v1/bdbs/%d", stub.URL, uid), nil))
		if err != nil {
			t.Fatal(err)
		}
		w.Body.Close()
	}
	get(1)
	get(1)
	other.end()
	get(0)
	if len(other.breaches) != 1 || len(other.notes) != 2 { // the other is X-Request-Id
		t.Errorf("%q, %q", other.breaches, other.notes)
	}
}
