package control_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/node"
)

const reset = "/v1/bdbs/2/actions/import_reset_status"

// protocols runs a test over each protocol that a node speaks.
func protocols(t *testing.T, test func(t *testing.T, c *cluster, client *http.Client, protocol string)) {
	for _, row := range []struct {
		protocol string
		change   []func(*node.Config)
	}{
		{"HTTP/1.1", nil}, {"HTTP/1.1", []func(*node.Config){withTLS}}, {"HTTP/2.0", []func(*node.Config){withTLS}},
	} {
		t.Run(fmt.Sprintf("%s TLS %t", row.protocol, row.change != nil), func(t *testing.T) {
			c := start(t, row.change...)
			test(t, c, c.client(row.protocol), row.protocol)
		})
	}
}

// TestClose cuts a reset, whose answer has no body, on a connection that has served before. A GET that follows says whether
// the reset is done.
func TestClose(t *testing.T) {
	protocols(t, func(t *testing.T, c *cluster, client *http.Client, protocol string) {
		for when, done := range map[control.Close]bool{control.CloseBefore: false, control.CloseAfter: true, control.CloseBody: true} {
			if err := c.Node.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a := c.call(client, "GET", "/v1/bdbs/2?fields=import_status", ""); a.proto != protocol || !strings.Contains(a.body, "failed") {
				t.Fatalf("%+v", a)
			}
			c.put(control.Fault{Name: "cut", Operation: "resetBDBImportStatus", Close: when})
			reused := false
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
			if a, err := send(client, c.request("PUT", reset, "{}").WithContext(ctx)); err == nil || a.status != 0 || !reused {
				t.Errorf("close %s: %+v %v, connection reused: %t", when, a, err, reused)
			}
			if a := c.call(client, "GET", "/v1/bdbs/2?fields=import_status", ""); strings.Contains(a.body, "idle") != done {
				t.Errorf("close %s: %s", when, a.body)
			}
			x := c.Trace.Since(c.Trace.Last() - 2)[0]
			if x.Fault != "cut" || x.End != control.Cut || x.Operation != "resetBDBImportStatus" || x.UID != 2 || x.Request.Body != "{}" || (x.Status == 200) != done {
				t.Errorf("close %s: %+v", when, x)
			}
			eventtest.Wait(t, c.events, func(e event.FaultStruck) bool { return e.Close == string(when) && e.UID == 2 })
		}
	})
}

// TestStruckRequestsKeepTheirBody: a fault that lets a request be served takes nothing of what the client has sent.
func TestStruckRequestsKeepTheirBody(t *testing.T) {
	protocols(t, func(t *testing.T, c *cluster, client *http.Client, _ string) {
		for i, f := range []control.Fault{{Delay: 1}, {Close: control.CloseAfter}, {Close: control.CloseBody}} {
			f.Name, f.Operation = "f", "updateBDB"
			c.put(f)
			body := fmt.Sprintf(`{"name":"name-%d"}`, i)
			if a, err := send(client, c.request("PUT", "/v1/bdbs/2", body)); (err == nil && a.status == 200) != (f.Delay > 0) {
				t.Errorf("%+v: %d %v", f, a.status, err)
			}
			if got := c.call(client, "GET", "/v1/bdbs/2?fields=name", "").body; strings.TrimSpace(got) != body {
				t.Errorf("%+v: the database has %s, want %s", f, got, body)
			}
			if x := c.Trace.Since(c.Trace.Last() - 2)[0]; x.Request.Body != body || x.Request.Size != int64(len(body)) {
				t.Errorf("%+v: the trace has %+v", f, x.Request)
			}
		}
		c.put(control.Fault{Name: "f", Operation: "updateBDB", Delay: 1})
		large := strings.Repeat(" ", 2<<20) + "{}"
		if a, err := send(client, c.request("PUT", "/v1/bdbs/2", large)); err == nil && a.status != 413 {
			t.Errorf("a body that is too large: %+v", a)
		}
	})
}

// TestCloseInBody cuts answers that have a body: the client gets the status, and then an error.
func TestCloseInBody(t *testing.T) {
	protocols(t, func(t *testing.T, c *cluster, client *http.Client, _ string) {
		for operation, path := range map[string]string{"getBDB": "/v1/bdbs/2", "listBDBs": "/v1/bdbs", "listModules": "/v1/modules"} {
			whole := c.call(client, "GET", path, "")
			for _, when := range []control.Close{control.CloseBefore, control.CloseAfter, control.CloseBody} {
				c.put(control.Fault{Name: "cut", Operation: operation, Close: when})
				a, err := send(client, c.request("GET", path, ""))
				if err == nil || (a.status == 200) != (when == control.CloseBody) || len(a.body) > len(whole.body)/2 || !strings.HasPrefix(whole.body, a.body) {
					t.Errorf("%s, close %s: %d with %d bytes of %d, %v", operation, when, a.status, len(a.body), len(whole.body), err)
				}
				if when == control.CloseBody && len(a.body) == 0 {
					t.Errorf("%s: nothing of the body", operation)
				}
				if a, err := send(client, c.request("HEAD", path, "")); err == nil {
					t.Errorf("HEAD for %s, close %s: %+v", operation, when, a)
				}
			}
			c.Faults.ClearAll()
		}
	})
}

// TestCloseIsOfTheConnection: what else is under way on a connection of HTTP/2 ends with it.
func TestCloseIsOfTheConnection(t *testing.T) {
	c := start(t, withTLS)
	client := c.client("HTTP/2.0")
	c.call(client, "GET", "/v1/bdbs/1", "")
	c.put(control.Fault{Name: "slow", Operation: "getBDB", Delay: time.Hour})
	c.put(control.Fault{Name: "cut", Operation: "listModules", Close: control.CloseBefore})
	slow := make(chan error)
	go func() {
		_, err := send(client, c.request("GET", "/v1/bdbs/1", ""))
		slow <- err
	}()
	eventtest.Wait(t, c.events, func(e event.FaultStruck) bool { return e.Fault == "slow" })
	if _, err := send(client, c.request("GET", "/v1/modules", "")); err == nil {
		t.Error("the answer is whole")
	}
	c.Faults.ClearAll() // which sends an answer, if anything can
	if err := <-slow; err == nil {
		t.Error("the other stream has an answer")
	}
}

// TestCloseOnTheWire looks at the bytes: half of a body, with the length of the whole, whatever the version of HTTP.
func TestCloseOnTheWire(t *testing.T) {
	c := start(t)
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
		for path, operation := range map[string]string{"/v1/bdbs/2?fields=uid,import_status": "getBDB", "/v1/bdbs/99": "getBDB", "/v1/bdbs": "listBDBs"} {
			c.put(control.Fault{Name: "cut", Operation: operation, Close: control.CloseBody})
			conn := c.dial()
			r := c.request("GET", path, "")
			user := r.Header.Get("Authorization")
			if _, err := fmt.Fprintf(conn, "GET %s %s\r\nHost: x\r\nAuthorization: %s\r\n\r\n", path, version, user); err != nil {
				t.Fatal(err)
			}
			answer := bufio.NewReader(conn)
			w, err := http.ReadResponse(answer, r)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Body.Close()
			body, err := io.ReadAll(w.Body)
			if !errors.Is(err, io.ErrUnexpectedEOF) || w.ContentLength < 2 || int64(len(body)) != w.ContentLength/2 {
				t.Errorf("%s %s: %d bytes of %d, %v", version, path, len(body), w.ContentLength, err)
			}
		}
		c.put(control.Fault{Name: "cut", Operation: "resetBDBImportStatus", Close: control.CloseBody})
		conn := c.dial()
		if _, err := fmt.Fprintf(conn, "PUT %s %s\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 0\r\n\r\n", reset, version, c.request("GET", "", "").Header.Get("Authorization")); err != nil {
			t.Fatal(err)
		}
		if all, err := io.ReadAll(conn); err != nil || len(all) > 0 {
			t.Errorf("an answer without a body, of which is sent %q, %v", all, err)
		}
	}
}

// TestCloseWithoutAListener: a node that others serve has net/http close the connection.
func TestCloseWithoutAListener(t *testing.T) {
	c := start(t)
	s := httptest.NewServer(c.Node)
	defer s.Close()
	c.put(control.Fault{Name: "cut", Operation: "resetBDBImportStatus", Close: control.CloseAfter})
	r := c.request("PUT", reset, "")
	r.URL.Host = strings.TrimPrefix(s.URL, "http://")
	if a, err := send(s.Client(), r); err == nil {
		t.Errorf("%+v", a)
	}
	if a := c.call(c.client("HTTP/1.1"), "GET", "/v1/bdbs/2?fields=import_status", ""); !strings.Contains(a.body, "idle") {
		t.Error(a.body)
	}
}

// TestDelayBeyondTheServersLimits: the limits of the connection do not end a delay that is longer.
func TestDelayBeyondTheServersLimits(t *testing.T) {
	e := emulator(t)
	if err := e.Faults.Put(control.Fault{Name: "slow", Operation: "getBDB", Delay: 200 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "done") })
	for _, h2 := range []bool{false, true} {
		s := httptest.NewUnstartedServer(e.Wrap(next))
		s.Config.ReadTimeout, s.Config.WriteTimeout, s.EnableHTTP2 = 50*time.Millisecond, 50*time.Millisecond, h2
		s.StartTLS()
		defer s.Close()
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/v1/bdbs/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := send(s.Client(), r); err != nil || a.body != "done" || (a.proto == "HTTP/2.0") != h2 {
			t.Errorf("%+v %v", a, err)
		}
	}
}
