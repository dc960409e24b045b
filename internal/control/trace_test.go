package control_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
)

// TestTrace looks at exchanges of each kind as soon as the client has their answers.
func TestTrace(t *testing.T) {
	protocols(t, func(t *testing.T, c *cluster, client *http.Client, _ string) {
		at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		c.Clock.Freeze()
		if err := c.Clock.Set(at); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			method, path, body, operation string
			uid, status                   int
		}{
			{"GET", "/v1/bdbs/1?fields=uid,name", "", "getBDB", 1, 200},
			{"HEAD", "/v1/bdbs/1", "", "getBDB", 1, 200},
			{"GET", "/v1/bdbs", "", "listBDBs", 0, 200}, // which is larger than net/http's buffers
			{"PUT", "/v1/bdbs/2/actions/import_reset_status", `{"a": [1, 2]}`, "resetBDBImportStatus", 2, 200},
			{"PUT", "/v1/bdbs/3/actions/import_reset_status", "", "resetBDBImportStatus", 3, 409},
			{"PUT", "/v1/bdbs/1", `{"no_member": 1}`, "updateBDB", 1, 400},
			{"GET", "/v1/bdbs/x", "", "getBDB", 0, 400},
			{"GET", "/nothing?x=y", "", "", 0, 404},
			{"GET", "/healthz", "", "", 0, 200},
		} {
			before := c.Trace.Last()
			a := c.call(client, row.method, row.path, row.body)
			all := c.Trace.Since(before)
			if len(all) != 1 {
				t.Fatalf("%s %s: %d exchanges", row.method, row.path, len(all))
			}
			x := all[0]
			if x.Number != before+1 || !x.Time.Equal(at) || x.Took <= 0 || x.Operation != row.operation || x.UID != row.uid || x.Fault != "" || x.End != control.Answered {
				t.Errorf("%s %s: %+v", row.method, row.path, x)
			}
			if x.Method != row.method || x.Path != row.path || x.Request.Body != row.body || x.Request.Size != int64(len(row.body)) {
				t.Errorf("%s %s: %+v", row.method, row.path, x)
			}
			if x.Request.Header.Get("Authorization") != "Basic ***" || x.Response.Header.Get("X-Request-Id") != a.header.Get("X-Request-Id") {
				t.Errorf("%s %s: %+v", row.method, row.path, x)
			}
			if x.Status != row.status || a.status != row.status || x.Response.Size != int64(len(a.body)) {
				t.Errorf("%s %s: %d with %d bytes, the client has %d with %d", row.method, row.path, x.Status, x.Response.Size, a.status, len(a.body))
			}
			if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") && !strings.HasPrefix(a.body, x.Response.Body) {
				t.Errorf("%s %s: %q of %q", row.method, row.path, x.Response.Body, a.body)
			}
		}
	})
}

// TestTraceIsBounded lists many databases, sends a large body, and more requests than the trace keeps.
func TestTraceIsBounded(t *testing.T) {
	const databases, exchanges = 200, 1000
	c := start(t, func(cfg *node.Config) {
		for i := range databases {
			cfg.Seed.Databases = append(cfg.Seed.Databases, &database.Database{UID: 100 + i, Name: "x", Type: "redis", Status: database.Active})
		}
	})
	client := c.client("HTTP/1.1")
	list := c.call(client, "GET", "/v1/bdbs", "")
	upload := `{"name": "` + strings.Repeat("x", 64<<10) + `"}`
	c.call(client, "POST", "/v1/bdbs", upload)
	for i, x := range c.Trace.Since(0) {
		if n := len(x.Request.Body) + len(x.Response.Body); n > 17<<10 || i == 0 && n < 15<<10 {
			t.Errorf("%d bytes of the bodies are kept", n)
		}
	}
	if x := c.Trace.Since(0)[0]; x.Response.Size != int64(len(list.body)) || !strings.HasPrefix(list.body, x.Response.Body) {
		t.Errorf("%d bytes, want %d", x.Response.Size, len(list.body))
	}
	for range exchanges {
		c.Node.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", nil))
	}
	if lists, others := c.Trace.Count("listBDBs"), c.Trace.Count(""); lists != 0 || others != exchanges {
		t.Errorf("%d lists and %d others, want 0 and %d", lists, others, exchanges)
	}
	if made := testing.AllocsPerRun(1, func() { c.Trace.Count("") }); made > 0 {
		t.Errorf("a count of exchanges makes %v objects", made)
	}
	all := c.Trace.Since(0)
	if len(all) != exchanges || all[0].Number != 3 || all[exchanges-1].Number != exchanges+2 || c.Trace.Last() != exchanges+2 {
		t.Errorf("%d exchanges from %d", len(all), all[0].Number)
	}
	if len(c.Trace.Since(exchanges+1)) != 1 || len(c.Trace.Since(exchanges+2)) != 0 || len(c.Trace.Since(exchanges*2)) != 0 {
		t.Error("since a number are others than those after it")
	}
}

// TestWait has readers wait for an exchange, and give up.
func TestWait(t *testing.T) {
	e := emulator(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := e.Trace.Wait(ctx, 0); !errors.Is(err, enough) {
		t.Error(err)
	}
	var readers sync.WaitGroup
	for range 10 {
		readers.Go(func() {
			for n := range 20 {
				if found, err := e.Trace.Wait(t.Context(), n); err != nil || found[0].Number != n+1 {
					t.Errorf("after %d: %+v %v", n, found, err)
				}
			}
		})
	}
	h := e.Wrap(http.NotFoundHandler())
	for range 20 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	}
	readers.Wait()
}

// TestStreams: a handler behind Wrap flushes, sets deadlines, sends early headers, and panics as before another.
func TestStreams(t *testing.T) {
	e := emulator(t)
	goOn := make(chan struct{})
	s := httptest.NewServer(e.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/flush":
			for i := range 3 {
				_, _ = fmt.Fprintf(w, "line %d\n", i)
				w.(http.Flusher).Flush()
				<-goOn
			}
		case "/control":
			controller := http.NewResponseController(w)
			if err := errors.Join(controller.SetWriteDeadline(time.Now().Add(time.Minute)), controller.EnableFullDuplex(), controller.Flush()); err != nil {
				t.Error(err)
			}
		case "/panic":
			_, _ = io.WriteString(w, `{"half": `)
			panic(http.ErrAbortHandler)
		case "/none":
			w.Header().Set("Link", "</x>")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
		}
	})))
	defer s.Close()
	get := func(path string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s.Client().Do(r)
	}
	w, err := get("/flush")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	lines := bufio.NewReader(w.Body)
	for i := range 3 {
		if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("line %d\n", i) {
			t.Errorf("%q %v", line, err)
		}
		goOn <- struct{}{}
	}
	if _, err := lines.ReadByte(); !errors.Is(err, io.EOF) { // after the exchange
		t.Error(err)
	}
	for path, want := range map[string]struct {
		status int
		end    control.End
	}{"/control": {200, control.Answered}, "/panic": {200, control.Cut}, "/none": {204, control.Answered}} {
		before := e.Trace.Last()
		w, err := get(path)
		if (err != nil) != (path == "/panic") {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			_, _ = io.Copy(io.Discard, w.Body)
			w.Body.Close()
		}
		if x, err := e.Trace.Wait(t.Context(), before); err != nil || x[len(x)-1].Status != want.status || x[len(x)-1].End != want.end {
			t.Errorf("%s: %+v %v", path, x, err)
		}
	}
}
