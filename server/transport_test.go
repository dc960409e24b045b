package server_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/node"
)

// TestHead asks for everything that GET gives, by HEAD.
func TestHead(t *testing.T) {
	f := start(t)
	paths := append(f.everyFile(), "/healthz", "/openapi.yaml", "/openapi.json", "/v1/bdbs", "/v1/bdbs?fields=uid", "/v1/bdbs/1", "/v1/modules",
		"/v1/modules/b14385b09778a335835ee3ae380bbc77", "/v1/bdbs/99", "/v1/bdbs/x", "/v1/bdbs?field=x", "/nothing", "/v1/bdbs/1/actions/import")
	for _, path := range paths {
		for name, change := range map[string]func(*http.Request){"admin": as(admin), "nobody": as(nobody), "anonymous": func(r *http.Request) { r.Header.Del("Authorization") }} {
			plain := func(r *http.Request) { r.Header.Set("Accept-Encoding", "identity") }
			get, head := f.raw("GET", path, "", change, plain), f.raw("HEAD", path, "", change, plain)
			if head.StatusCode != get.StatusCode || len(head.body) > 0 {
				t.Errorf("%s as %s: GET answers %d, HEAD %d %s", path, name, get.StatusCode, head.StatusCode, head.body)
			}
			for _, h := range []http.Header{get.Header, head.Header} {
				h.Del("Date")
				h.Del("X-Request-Id")
			}
			if fmt.Sprint(head.Header) != fmt.Sprint(get.Header) || head.ContentLength != get.ContentLength {
				t.Errorf("%s as %s:\nGET  has %v, length %d\nHEAD has %v, length %d", path, name, get.Header, get.ContentLength, head.Header, head.ContentLength)
			}
		}
	}
}

// TestAllow: OPTIONS and a 405 name every method that works, without credentials.
func TestAllow(t *testing.T) {
	f := start(t)
	for _, c := range []struct{ path, refused, allow string }{
		{"/v1/bdbs", "PATCH", "GET HEAD OPTIONS POST"},
		{"/v1/bdbs/1", "POST", "DELETE GET HEAD OPTIONS PUT"},
		{"/v1/bdbs/1/actions/import", "GET", "OPTIONS POST"},
		{"/v1/bdbs/1/actions/import_reset_status", "HEAD", "OPTIONS PUT"},
		{"/v1/modules", "DELETE", "GET HEAD OPTIONS"},
		{"/v1/modules/x", "PUT", "GET HEAD OPTIONS"},
		{"/", "POST", "GET HEAD OPTIONS"},
		{"/healthz", "TRACE", "GET HEAD OPTIONS"},
	} {
		for method, status := range map[string]int{"OPTIONS": 204, c.refused: 405} {
			r := f.raw(method, c.path, "", func(r *http.Request) { r.Header.Del("Authorization") })
			allow := strings.Split(r.Header.Get("Allow"), ", ")
			slices.Sort(allow)
			if r.StatusCode != status || strings.Join(allow, " ") != c.allow {
				t.Errorf("%s %s: %d, Allow is %q, want %d %s", method, c.path, r.StatusCode, allow, status, c.allow)
			}
		}
	}
	for _, path := range []string{"/nothing", "/v1", "/v1/bdbs/", "/v1/bdbs/1/", "/v1/bdbs/1/actions", "/v1/modules/x/y", "/v1/bdbs/1/actions/import/x", "/docs/"} {
		for _, method := range []string{"OPTIONS", "PATCH", "HEAD"} {
			if r := f.raw(method, path, ""); r.StatusCode != 404 || r.Header.Get("Allow") != "" {
				t.Errorf("%s %s: %d, Allow is %q; nothing is there", method, path, r.StatusCode, r.Header.Get("Allow"))
			}
		}
	}
}

// listening has the node serve as `reimport serve` does, with TLS and so with HTTP/2.
func listening(c *node.Config) { c.Listen, c.TLS, c.Grace = "127.0.0.1:0", true, time.Minute }

// trusted is the configuration of a client of a node that is listening.
func (f *fixture) trusted() *tls.Config {
	f.t.Helper()
	pem, err := os.ReadFile(f.node.CA())
	if err != nil {
		f.t.Fatal(err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(pem)
	return config
}

// TestLargeHeaders sends header blocks of many shapes over both protocols. The size is that of HTTP/1.1's text.
func TestLargeHeaders(t *testing.T) {
	f := start(t, listening)
	config := f.trusted()
	one := func(size int) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Large", strings.Repeat("x", size)) }
	}
	many := func(n, size int) func(*http.Request) {
		return func(r *http.Request) {
			for i := range n {
				r.Header.Set(fmt.Sprintf("X-%04d", i), strings.Repeat("x", size))
			}
		}
	}
	long := func(size int) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = "fields=" + strings.Repeat("x", size) }
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		protocols := new(http.Protocols)
		protocols.SetHTTP1(protocol == "HTTP/1.1")
		protocols.SetHTTP2(protocol == "HTTP/2.0")
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config.Clone(), Protocols: protocols}}
		t.Cleanup(client.CloseIdleConnections)
		for name, c := range map[string]struct {
			change func(*http.Request)
			want   int
		}{
			"small":                 {one(100), 200},
			"just below":            {one(16<<10 - 400), 200},
			"one field":             {one(16 << 10), 431},
			"one field of 63 KiB":   {one(63 << 10), 431},
			"many fields":           {many(300, 50), 431},
			"many fields of 62 KiB": {many(1000, 53), 431},
			"4000 fields":           {many(4000, 4), 431},
			"a long path":           {func(r *http.Request) { r.URL.Path = "/" + strings.Repeat("x", 20<<10) }, 431},
			"a long query":          {long(20 << 10), 431},
			"a query of 63 KiB":     {long(63 << 10), 431},
			"a long Authorization":  {func(r *http.Request) { r.Header.Set("Authorization", "Basic "+strings.Repeat("x", 20<<10)) }, 431},
		} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				r, err := http.NewRequestWithContext(t.Context(), "GET", f.node.URL()+"/v1/modules", nil)
				if err != nil {
					t.Fatal(err)
				}
				r.SetBasicAuth(admin, password)
				c.change(r)
				w, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer w.Body.Close()
				body, err := io.ReadAll(w.Body)
				answer := response{w, body}
				if err != nil || w.Proto != protocol || w.StatusCode != c.want || c.want == 431 && answer.errorCode() != "headers_too_large" {
					t.Fatalf("%v %s %d %.200s", err, w.Proto, w.StatusCode, body)
				}
				if w.Header.Get("X-Request-Id") == "" || !json.Valid(body) {
					t.Errorf("%v %.200s", w.Header, body)
				}
			})
		}
	}
	for _, e := range eventtest.All[*event.Request](f.events) {
		if len(e.Path) > 16<<10 {
			t.Errorf("a path of %d bytes was reported", len(e.Path))
		}
	}
}

// TestEndlessHeaders sends headers without end: the server does not read them to theirs.
func TestEndlessHeaders(t *testing.T) {
	f := start(t, listening)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(f.node.URL(), "https://"), f.trusted())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /v1/modules HTTP/1.1\r\nHost: x\r\n")
	line := []byte("X-Large: " + strings.Repeat("x", 8<<10) + "\r\n")
	sent := 0
	for ; err == nil && sent < 64<<20; sent += len(line) {
		_, err = io.Copy(conn, bytes.NewReader(line))
	}
	if err == nil {
		t.Errorf("it took %d bytes", sent)
	}
}
