package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/node"
)

// TestRequestsAreReported: one event a request, which has the identity that its context carries.
func TestRequestsAreReported(t *testing.T) {
	var inContext []*event.Identity
	f := start(t, func(c *node.Config) {
		record := c.Events
		c.Events = func(ctx context.Context, e event.Event) {
			if _, ok := e.(*event.Request); ok {
				inContext = append(inContext, event.IdentityOf(ctx))
			}
			record(ctx, e)
		}
	})
	answers := []response{
		f.call("GET", "/v1/modules", ""),
		f.call("GET", "/v1/modules", "", as("somebody@example.com")),
		f.call("GET", "/v1/bdbs/1", "", as(nobody)),
		f.raw("GET", "/nothing", "", func(r *http.Request) { r.Header.Del("Authorization") }),
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	answers = append(answers, f.call("PUT", "/v1/bdbs/2/actions/import_reset_status", ""))
	reported := eventtest.All[*event.Request](f.events)
	if len(reported) != len(answers) {
		t.Fatalf("%d requests, %d events", len(answers), len(reported))
	}
	for i, user := range []string{admin, "", nobody, "", admin} {
		e, a := reported[i], answers[i]
		if e.RequestID != a.Header.Get("X-Request-Id") || e.RequestID == "" || e.User != user || e.Status != a.StatusCode ||
			e.Method != a.Request.Method || e.Path != a.Request.URL.Path || !strings.HasPrefix(e.Remote, "127.0.0.1:") {
			t.Errorf("%d with the id %s is reported as %+v", a.StatusCode, a.Header.Get("X-Request-Id"), e)
		}
		if inContext[i] != &e.Identity {
			t.Errorf("the context carries %+v, the event %+v", inContext[i], e.Identity)
		}
		if failed := a.StatusCode == 500; failed != (e.Err != nil) {
			t.Errorf("%d: the cause is %v", a.StatusCode, e.Err)
		}
	}
	if last := answers[4]; last.StatusCode != 500 || last.description() != "internal error" {
		t.Errorf("%d %s", last.StatusCode, last.body)
	}
}

// TestTransportIsReported speaks no TLS to a server that does.
func TestTransportIsReported(t *testing.T) {
	f := start(t, listening)
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.node.URL(), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	e := eventtest.Wait(t, f.events, func(event.Transport) bool { return true })
	if !strings.Contains(e.Text, "TLS handshake error") || strings.Contains(e.Text, "\n") {
		t.Errorf("it is reported as %q", e.Text)
	}
}
