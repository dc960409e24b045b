package client_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

const secret = "hunter2-correct-horse"

// serve starts a server for handler and returns a client of it that neither retries nor waits.
func serve(t *testing.T, handler http.HandlerFunc, opts ...client.Option) *client.Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return connect(t, srv.URL, opts...)
}

func connect(t *testing.T, url string, opts ...client.Option) *client.Client {
	t.Helper()
	opts = append([]client.Option{client.WithBasicAuth("admin@example.com", secret), client.WithRetry(0)}, opts...)
	c, err := client.New(url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer is a handler that always says the same.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// over is an option for requests through t.
func over(t http.RoundTripper) client.Option {
	return client.WithHTTPClient(&http.Client{Transport: t})
}

func refuseToDial(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }

func TestNewRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		address string
		opts    []client.Option
		want    error
	}{
		"no scheme":              {"localhost:9443", nil, client.ErrAddress},
		"another scheme":         {"ftp://localhost", nil, client.ErrAddress},
		"no host":                {"https://:9443", nil, client.ErrAddress},
		"nothing":                {"", nil, client.ErrAddress},
		"not a URL":              {"https://user:" + secret + "@host:port", nil, client.ErrAddress},
		"credentials":            {"https://user:" + secret + "@host", nil, client.ErrAddress},
		"query":                  {"https://host?token=" + secret, nil, client.ErrAddress},
		"fragment":               {"https://host#x", nil, client.ErrAddress},
		"CA that is not there":   {"https://host", []client.Option{client.WithCAFile(empty + ".not")}, client.ErrCA},
		"CA without certificate": {"https://host", []client.Option{client.WithCAFile(empty)}, client.ErrCA},
		"user with a colon":      {"https://host", []client.Option{client.WithBasicAuth("a:b", secret)}, client.ErrOption},
		"two sorts of TLS":       {"https://host", []client.Option{client.WithInsecureTLS(), over(http.NewFileTransport(http.Dir(".")))}, client.ErrOption},
		"TLS of its own":         {"https://host", []client.Option{client.WithInsecureTLS(), over(&http.Transport{DialTLSContext: refuseToDial})}, client.ErrOption},
		"timeout":                {"https://host", []client.Option{client.WithTimeout(0)}, client.ErrOption},
		"retry":                  {"https://host", []client.Option{client.WithRetry(-1)}, client.ErrOption},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := client.New(tt.address, tt.opts...)
			if !errors.Is(err, tt.want) || c != nil {
				t.Fatalf("got %v, %v, want %v", c, err, tt.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error gives the password away: %v", err)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	type wire struct{ method, target, contentType, body string }
	dump, err := client.ParseSource("/mnt/sessions.rdb")
	if err != nil {
		t.Fatal(err)
	}
	memory := int64(1 << 30)
	for name, tt := range map[string]struct {
		call func(context.Context, *client.Client) error
		want wire
	}{
		"list": {func(ctx context.Context, c *client.Client) error { _, err := c.ListDatabases(ctx); return err },
			wire{"GET", "/base/v1/bdbs", "", ""}},
		"list fields": {func(ctx context.Context, c *client.Client) error {
			_, err := c.ListDatabases(ctx, "uid", "name")
			return err
		},
			wire{"GET", "/base/v1/bdbs?fields=uid,name", "", ""}},
		"get": {func(ctx context.Context, c *client.Client) error { _, err := c.GetDatabase(ctx, 7, "uid"); return err },
			wire{"GET", "/base/v1/bdbs/7?fields=uid", "", ""}},
		"create": {func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateDatabase(ctx, api.BDBCreate{Name: "a", MemorySize: 5}, client.DryRun())
			return err
		}, wire{"POST", "/base/v1/bdbs?dry_run=true", "application/json", `{"memory_size":5,"name":"a"}`}},
		"create with settings of one's own": {func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateDatabaseJSON(ctx, json.RawMessage(`{"name":"a","new_one":1}`))
			return err
		}, wire{"POST", "/base/v1/bdbs", "application/json", `{"name":"a","new_one":1}`}},
		"update": {func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateDatabase(ctx, 2, api.BDBUpdate{MemorySize: &memory})
			return err
		}, wire{"PUT", "/base/v1/bdbs/2", "application/json", `{"memory_size":1073741824}`}},
		"dry update": {func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateDatabase(ctx, 2, api.BDBUpdate{MemorySize: &memory}, client.DryRun())
			return err
		}, wire{"PUT", "/base/v1/bdbs/2?dry_run=true", "application/json", `{"memory_size":1073741824}`}},
		"delete": {func(ctx context.Context, c *client.Client) error { _, err := c.DeleteDatabase(ctx, 2); return err },
			wire{"DELETE", "/base/v1/bdbs/2", "", ""}},
		"availability": {func(ctx context.Context, c *client.Client) error { return c.CheckAvailability(ctx, 2) },
			wire{"GET", "/base/v1/bdbs/2/availability", "", ""}},
		"availability with lag": {func(ctx context.Context, c *client.Client) error {
			return c.CheckAvailability(ctx, 2, client.WithLag())
		},
			wire{"GET", "/base/v1/bdbs/2/availability?extend_check=lag", "", ""}},
		"availability here": {func(ctx context.Context, c *client.Client) error {
			return c.CheckAvailability(ctx, 2, client.LocalEndpoint(), client.LagWithin(100*time.Millisecond))
		}, wire{"GET", "/base/v1/local/bdbs/2/endpoint/availability?extend_check=lag&availability_lag_tolerance_ms=100", "", ""}},
		"import": {func(ctx context.Context, c *client.Client) error { return c.StartImport(ctx, 2, dump) },
			wire{"POST", "/base/v1/bdbs/2/actions/import", "application/json",
				`{"dataset_import_sources":[{"path":"/mnt/sessions.rdb","type":"mount_point"}]}`}},
		"import what is stored": {func(ctx context.Context, c *client.Client) error { return c.StartImport(ctx, 2) },
			wire{"POST", "/base/v1/bdbs/2/actions/import", "application/json", `{}`}},
		"reset": {func(ctx context.Context, c *client.Client) error { return c.ResetImportStatus(ctx, 2147483647) },
			wire{"PUT", "/base/v1/bdbs/2147483647/actions/import_reset_status", "application/json", `{}`}},
		"modules": {func(ctx context.Context, c *client.Client) error { _, err := c.ListModules(ctx); return err },
			wire{"GET", "/base/v1/modules", "", ""}},
		"module": {func(ctx context.Context, c *client.Client) error { _, err := c.GetModule(ctx, bloom); return err },
			wire{"GET", "/base/v1/modules/" + bloom, "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var got wire
			var user, password, agent string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = wire{r.Method, r.URL.String(), r.Header.Get("Content-Type"), string(body)}
				user, password, _ = r.BasicAuth()
				agent = r.UserAgent()
				if r.Method == "GET" && (r.URL.Path == "/base/v1/bdbs" || r.URL.Path == "/base/v1/modules") {
					io.WriteString(w, "[]")
					return
				}
				io.WriteString(w, "{}")
			}))
			defer srv.Close()
			c := connect(t, srv.URL+"/base/", client.WithUserAgent("mine"))
			if err := tt.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if user != "admin@example.com" || password != secret || agent != "mine" {
				t.Errorf("user %q, password %q, agent %q", user, password, agent)
			}
		})
	}
}

func TestCallsRefuseBadUIDs(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s was sent", r.Method, r.URL) })
	for name, call := range map[string]func(int) error{
		"get":    func(uid int) error { _, err := c.GetDatabase(t.Context(), uid); return err },
		"update": func(uid int) error { _, err := c.UpdateDatabase(t.Context(), uid, api.BDBUpdate{}); return err },
		"delete": func(uid int) error { _, err := c.DeleteDatabase(t.Context(), uid); return err },
		"import": func(uid int) error { return c.StartImport(t.Context(), uid) },
		"reset":  func(uid int) error { return c.ResetImportStatus(t.Context(), uid) },
		"check":  func(uid int) error { return c.CheckAvailability(t.Context(), uid) },
	} {
		for _, uid := range []int{-1, 0, 1 << 31} {
			if err := call(uid); !errors.Is(err, client.ErrInvalid) {
				t.Errorf("%s %d: %v, want ErrInvalid", name, uid, err)
			}
		}
	}
	for _, uid := range []string{"", "..", "../bdbs", strings.Repeat("A", 32), strings.Repeat("a", 33)} {
		if _, err := c.GetModule(t.Context(), uid); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("module %q: %v, want ErrInvalid", uid, err)
		}
	}
}

// pemOf writes the certificate of srv to a file.
func pemOf(t *testing.T, srv *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(answer(200, "[]"))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	ca := pemOf(t, srv)
	for name, opt := range map[string]client.Option{
		"with its CA": client.WithCAFile(ca),
		"insecure":    client.WithInsecureTLS(),
		"http.Client": client.WithHTTPClient(srv.Client()),
	} {
		if _, err := connect(t, srv.URL, opt).ListDatabases(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := connect(t, srv.URL).ListDatabases(t.Context())
	if !errors.Is(err, client.ErrNetwork) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown CA: %v, want ErrNetwork about a certificate", err)
	}
	srv.TLS.MaxVersion = tls.VersionTLS11
	if _, err := connect(t, srv.URL, client.WithInsecureTLS()).ListDatabases(t.Context()); !errors.Is(err, client.ErrNetwork) {
		t.Errorf("TLS 1.1: %v, want ErrNetwork", err)
	}
}

func TestNetworkErrors(t *testing.T) {
	srv := httptest.NewServer(answer(200, "[]"))
	srv.Close()
	_, err := connect(t, srv.URL).ListDatabases(t.Context())
	if !errors.Is(err, client.ErrNetwork) || strings.Contains(err.Error(), secret) {
		t.Errorf("nobody listens: %v, want ErrNetwork", err)
	}

	broken := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "[")
	})
	if _, err := broken.ListDatabases(t.Context()); !errors.Is(err, client.ErrNetwork) {
		t.Errorf("connection broke: %v, want ErrNetwork", err)
	}
}

func TestTimeouts(t *testing.T) {
	stalled := map[string]http.HandlerFunc{
		"before the answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"in the body": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "[")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	}
	for name, handler := range stalled {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, handler, client.WithTimeout(20*time.Millisecond)).ListDatabases(t.Context())
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "within 20ms") {
				t.Errorf("own timeout: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := serve(t, handler).ListDatabases(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("caller's deadline: %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, err := c.ListDatabases(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
