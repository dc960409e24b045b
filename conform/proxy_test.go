package conform_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/conform"
)

// proxied is a proxy at work.
type proxied struct {
	*httptest.Server
	proxy *conform.Proxy
	lines []string // of the breaches
	fails []string
}

func startProxy(t testing.TB, upstream string, change ...func(*conform.ProxyConfig)) *proxied {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxied{}
	var mu sync.Mutex
	cfg := conform.ProxyConfig{
		Upstream: to,
		Report:   func(b conform.Breach) { b.Contract = ""; p.lines = append(p.lines, b.String()) },
		Failed: func(err error) {
			mu.Lock()
			defer mu.Unlock()
			p.fails = append(p.fails, err.Error())
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	p.proxy = conform.NewProxy(cfg)
	p.Server = httptest.NewServer(p.proxy)
	t.Cleanup(p.Server.Close)
	return p
}

// end returns the summary and the breaches.
func (p *proxied) end() (conform.Summary, string) {
	p.Server.Close()
	return p.proxy.Close(), strings.Join(p.lines, "\n")
}

// wire sends bytes to a server, and returns all that comes back until it closes the connection.
func wire(t *testing.T, server, sent string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(server, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, sent); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil && len(got) > 0 {
		return string(got) + " and then " + err.Error()
	}
	return string(got)
}

// TestProxyChangesNothing compares, byte for byte, what a client and a server see with a proxy between them and without.
func TestProxyChangesNothing(t *testing.T) {
	seen := make(chan string, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		header := r.Header.Clone()
		header.Del("Connection")
		seen <- fmt.Sprint(r.Method, r.URL, header, r.ContentLength, r.TransferEncoding, string(body), r.Trailer)
		w.Header().Set("Date", "Wed, 25 Nov 2026 00:00:00 GMT")
		w.Header().Set("X-Request-Id", "a")
		switch r.URL.Query().Get("answer") {
		case "redirect":
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		case "chunks":
			w.Header()["Content-Type"] = nil
			for range 3 {
				_, _ = io.WriteString(w, "<p>a piece")
				w.(http.Flusher).Flush()
			}
		case "long":
			w.Header().Set("Content-Type", jsonType)
			_, _ = io.WriteString(w, "["+strings.Repeat(`{"uid": 1},`, 30000)+`{"uid": 2}]`)
		case "nothing":
			w.Header()["Date"] = nil
			w.WriteHeader(http.StatusNoContent)
		case "trailer":
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.WriteString(w, "body")
			w.Header().Set("X-Sum", "4")
		case "gzip":
			w.Header().Set("Content-Type", jsonType)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `[{"uid": 1}]`)
			_ = z.Close()
		case "half":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half of it")
		default:
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "{}")
		}
	}))
	defer upstream.Close()
	p := startProxy(t, upstream.URL)
	for _, c := range []string{
		"GET /v1/bdbs/1 HTTP/1.1\nAuthorization: Basic YTpi\nUser-Agent: me",
		"HEAD /v1/bdbs/1 HTTP/1.1",
		"GET /v1/bdbs/a%2Fb//c/../d?x=1;y&&=%zz&answer=chunks HTTP/1.1\nX-Forwarded-For: 10.0.0.1\nForwarded: for=x\nAccept-Encoding: br",
		"GET /v1/bdbs?answer=long HTTP/1.1",
		"GET /v1/bdbs?answer=gzip HTTP/1.1",
		"GET /?answer=redirect HTTP/1.1",
		"GET /?answer=nothing HTTP/1.1",
		"GET /?answer=trailer HTTP/1.1\nTE: trailers",
		"HEAD /?answer=chunks HTTP/1.1",
		"PUT /v1/bdbs/1/actions/import_reset_status HTTP/1.1\nContent-Length: 2\n\n{}",
		"POST /v1/bdbs HTTP/1.1\nTransfer-Encoding: chunked\nContent-Type: application/json\n\n2\n{}\n0\n\n",
		"PUT /v1/bdbs/1 HTTP/1.1\nExpect: 100-continue\nContent-Length: 2\n\n{}",
		"DELETE /v1/bdbs/1 HTTP/1.0",
	} {
		name, rest, _ := strings.Cut(c, "\n")
		t.Run(name, func(t *testing.T) {
			head, body, _ := strings.Cut(rest, "\n\n")
			sent := strings.ReplaceAll(name+"\nHost: h\nConnection: close\n"+head, "\n", "\r\n")
			sent = strings.TrimSuffix(sent, "\r\n") + "\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n")
			straight := wire(t, upstream.URL, sent)
			wantSeen := <-seen
			through := wire(t, p.URL, sent)
			if gotSeen := <-seen; gotSeen != wantSeen {
				t.Errorf("the server sees\n%s\ninstead of\n%s", gotSeen, wantSeen)
			}
			if sorted(through) != sorted(straight) {
				t.Errorf("the client sees\n%.500s\ninstead of\n%.500s", through, straight)
			}
		})
	}
}

// sorted has the lines of a response's header in one order, and the body without the sizes of its chunks.
func sorted(response string) string {
	r := bufio.NewReader(strings.NewReader(response))
	w, err := http.ReadResponse(r, nil)
	if err != nil {
		return err.Error() + response
	}
	defer w.Body.Close()
	head, _, _ := strings.Cut(response, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	slices.Sort(lines)
	body, err := io.ReadAll(w.Body)
	return fmt.Sprint(lines, w.TransferEncoding, w.ContentLength, w.Close, string(body), err, w.Trailer)
}

// TestProxyBreaksOffAsTheServerDoes holds that a client can tell a broken connection from an answer.
func TestProxyBreaksOffAsTheServerDoes(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/bdbs" {
			w.Header().Set("Content-Type", jsonType)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `[{"uid": 1}`)
			w.(http.Flusher).Flush()
		}
		panic(http.ErrAbortHandler)
	}))
	defer upstream.Close()
	p := startProxy(t, upstream.URL)
	w, err := http.DefaultClient.Do(request(t, "GET", p.URL+"/v1/bdbs", nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(w.Body); err == nil || string(got) != `[{"uid": 1}` {
		t.Errorf("%s, %v", got, err)
	}
	w.Body.Close()
	if w, err = http.DefaultClient.Do(request(t, "PUT", p.URL+"/v1/bdbs/1", strings.NewReader("{}"))); err == nil {
		w.Body.Close()
		t.Errorf("an answer %d", w.StatusCode)
	}
	if s, lines := p.end(); s.Exchanges != 2 || lines != "updateBDB request: body: expected an object with at least 1 field, found an object" || len(p.fails) != 1 {
		t.Errorf("%+v %s %s", s, lines, p.fails)
	}
}

// TestProxyWaitsForContinue refuses a body that the server does not want, before the client sends it.
func TestProxyWaitsForContinue(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer upstream.Close()
	p := startProxy(t, upstream.URL)
	got := wire(t, p.URL, "PUT /v1/bdbs/1 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 401") {
		t.Error(got)
	}
}

// TestProxySendsCredentialsToTheServerAlone passes a redirect on, and does not follow it.
func TestProxySendsCredentialsToTheServerAlone(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s", r.Method, r.URL) }))
	defer other.Close()
	upstream := httptest.NewServer(http.RedirectHandler(other.URL+"/v1/bdbs", http.StatusTemporaryRedirect))
	defer upstream.Close()
	p := startProxy(t, upstream.URL)
	w, err := http.DefaultTransport.RoundTrip(request(t, "GET", p.URL+"/v1/bdbs", nil))
	if err != nil || w.StatusCode != http.StatusTemporaryRedirect || w.Header.Get("Location") != other.URL+"/v1/bdbs" {
		t.Fatal(w, err)
	}
	w.Body.Close()
}

func TestProxyReportsBothDirections(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, `{"uid": 0}`)
	}))
	defer upstream.Close()
	p := startProxy(t, upstream.URL)
	for range 2 { // the second is known
		w, err := http.DefaultClient.Do(request(t, "GET", p.URL+"/v1/bdbs/1?field=uid", nil))
		if err != nil {
			t.Fatal(err)
		}
		w.Body.Close()
	}
	once := `getBDB request: "field": expected no such query parameter, found another value
getBDB response: uid: expected an integer from 1 to 2147483647, found 0`
	if s, lines := p.end(); lines != once+"\n"+once || s != (conform.Summary{Exchanges: 2, Breaches: 4, Notes: 2}) {
		t.Errorf("%+v\n%s", s, lines)
	}
}

// TestStrictProxyAnswersBadRequests lets nothing bad reach the server, and what is good unchanged.
func TestStrictProxyAnswersBadRequests(t *testing.T) {
	var arrived []string
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived = append(arrived, r.Method+" "+r.URL.String()+" "+string(body))
	}))
	defer upstream.Close()
	p := startProxy(t, upstream.URL, func(c *conform.ProxyConfig) { c.Strict = true })
	for _, c := range []struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		want               string
	}{
		{"PUT", "/v1/bdbs/1/actions/import_reset_status", "{}", nil, 200, ""},
		{"POST", "/v1/bdbs", `{"name": "a"}`, nil, 400, `{"description":"memory_size: expected an integer from 0 to 9007199254740991","error_code":"invalid_schema"}`},
		{"GET", "/v1/bdbs/x", "", nil, 400, `{"description":"uid: expected an integer from 1 to 2147483647","error_code":"param_error"}`},
		{"POST", "/v1/bdbs/1/import", "", nil, 400, `{"description":"path: expected a call that Redis Software has","error_code":"param_error"}`},
		{"GET", "/v1/bdbs", "", func(r *http.Request) { r.Header.Del("Authorization") }, 401, `{"description":"header Authorization: expected Basic with a user name and a password, once","error_code":"unauthorized"}`},
		{"POST", "/v1/bdbs", strings.Repeat(" ", 70000), nil, 400, `{"description":"body: expected 65536 bytes at most","error_code":"invalid_schema"}`},
	} {
		r := request(t, c.method, p.URL+c.path, strings.NewReader(c.body))
		if c.change != nil {
			c.change(r)
		}
		w, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(w.Body)
		w.Body.Close()
		if err != nil || w.StatusCode != c.status || strings.TrimSpace(string(got)) != c.want {
			t.Errorf("%s %s: %d %s, %v", c.method, c.path, w.StatusCode, got, err)
		}
		answered := conform.Checker{Ours: true}.CheckResponse(r, w.StatusCode, w.Header, got)
		if c.status != 200 && lines(answered) != "" {
			t.Errorf("the proxy's own answer: %s", lines(answered))
		}
	}
	if s, _ := p.end(); s.Exchanges != 6 || s.Breaches != 5 || strings.Join(arrived, "\n") != "PUT /v1/bdbs/1/actions/import_reset_status {}" {
		t.Errorf("%+v, %s", s, arrived)
	}
}

// TestProxyLosesNothing drives a server of ours from many sides at once.
func TestProxyLosesNothing(t *testing.T) {
	p := startProxy(t, serveDemo(t).URL, func(c *conform.ProxyConfig) { c.Checker.Ours = true })
	c, err := client.New(p.URL, client.WithBasicAuth(admin, password), client.WithRetry(0))
	if err != nil {
		t.Fatal(err)
	}
	live(t, c)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 10 {
				if _, err := c.GetDatabase(t.Context(), 2); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if s, lines := p.end(); s.Exchanges < 200 || s.Breaches != 0 || len(p.fails) > 0 {
		t.Errorf("%+v\n%s\n%s", s, lines, p.fails)
	}
}

// TestProxyNoticesClosedConnections sends a change after the server has closed the connections that were idle.
func TestProxyNoticesClosedConnections(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer upstream.Close()
	p := startProxy(t, upstream.URL)
	for range 20 {
		w, err := http.DefaultTransport.RoundTrip(request(t, "PUT", p.URL+"/v1/bdbs/1/actions/import_reset_status", nil))
		if err != nil {
			t.Fatal(err)
		}
		w.Body.Close()
		upstream.CloseClientConnections()
	}
	if _, lines := p.end(); lines != "" || len(p.fails) > 0 {
		t.Errorf("%s\n%s", lines, p.fails)
	}
}
