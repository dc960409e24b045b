package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/server"
)

const trusted = "https://console.example.com"

func trust(origins ...string) func(*node.Config) {
	return func(c *node.Config) { c.TrustedOrigins = origins }
}

// TestCrossOrigin sends what browsers say of where a request comes from. No row has credentials: the origin is checked first.
func TestCrossOrigin(t *testing.T) {
	f := start(t, trust(trusted))
	const reset, imports = "/v1/bdbs/2/actions/import_reset_status", "/v1/bdbs/2/actions/import"
	for name, c := range map[string]struct {
		method, path string
		site, origin string
		want         int
	}{
		"no browser":                             {"PUT", reset, "", "", 401},
		"the address bar":                        {"POST", imports, "none", "", 401},
		"the same origin":                        {"PUT", reset, "same-origin", "http://elsewhere.example.com", 401},
		"another site":                           {"POST", imports, "cross-site", "https://evil.example.com", 403},
		"another site, origin hidden":            {"POST", imports, "cross-site", "null", 403},
		"another site, no origin":                {"POST", imports, "cross-site", "", 403},
		"the same site":                          {"POST", "/v1/bdbs", "same-site", "http://127.0.0.1:1", 403},
		"a value that is to come":                {"POST", "/v1/bdbs", "mostly-same", "", 403},
		"an old browser, the same host":          {"POST", "/v1/bdbs", "", f.URL, 401},
		"an old browser, another host":           {"POST", "/v1/bdbs", "", "https://evil.example.com", 403},
		"an old browser, another port":           {"POST", "/v1/bdbs", "", "http://127.0.0.1:1", 403},
		"an old browser, origin hidden":          {"POST", "/v1/bdbs", "", "null", 403},
		"a trusted origin":                       {"PUT", reset, "cross-site", trusted, 401},
		"a trusted origin, old browser":          {"PUT", reset, "", trusted, 401},
		"a trusted host by another scheme":       {"PUT", reset, "cross-site", "http://console.example.com", 403},
		"a trusted host on another port":         {"PUT", reset, "cross-site", trusted + ":8443", 403},
		"an update":                              {"PUT", "/v1/bdbs/2", "cross-site", "", 403},
		"a deletion":                             {"DELETE", "/v1/bdbs/2", "cross-site", "", 403},
		"an unknown path":                        {"POST", "/nothing", "cross-site", "", 403},
		"an open path":                           {"POST", "/healthz", "cross-site", "", 403},
		"a read":                                 {"GET", "/v1/bdbs", "cross-site", "https://evil.example.com", 401},
		"a page":                                 {"GET", "/", "cross-site", "", 200},
		"a head":                                 {"HEAD", "/docs", "cross-site", "", 200},
		"a preflight, which allows nothing more": {"OPTIONS", "/v1/bdbs", "cross-site", "https://evil.example.com", 204},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.raw(c.method, c.path, "", func(r *http.Request) {
				r.Header.Del("Authorization")
				for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
					if value != "" {
						r.Header.Set(name, value)
					}
				}
			})
			if r.StatusCode != c.want || c.want == 403 && (r.errorCode() != "cross_origin" || r.description() == "") {
				t.Errorf("%d %s", r.StatusCode, r.body)
			}
			if allow := r.Header.Get("Access-Control-Allow-Origin"); allow != "" {
				t.Errorf("Access-Control-Allow-Origin is %s", allow)
			}
		})
	}
}

// TestCrossOriginAmongTheChecks: the right credentials do not change the answer, a body that is too large comes first.
func TestCrossOriginAmongTheChecks(t *testing.T) {
	f := start(t)
	r := f.call("PUT", "/v1/bdbs/2/actions/import_reset_status", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if r.StatusCode != 403 || r.errorCode() != "cross_origin" || f.get("2")["import_status"] != "failed" {
		t.Errorf("%d %s, import status %v", r.StatusCode, r.body, f.get("2")["import_status"])
	}
	r = f.call("POST", "/v1/bdbs", string(make([]byte, 64<<10+1)), func(r *http.Request) { r.Header.Set("Origin", "http://evil.example.com") })
	if r.StatusCode != 413 || r.errorCode() != "request_too_large" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
}

// TestBehindAProxy has a reverse proxy that gives the server's own name as Host, as many do, and one that keeps the browser's.
func TestBehindAProxy(t *testing.T) {
	var proxied *url.URL
	keepHost := false
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(proxied)
		if keepHost {
			r.Out.Host = r.In.Host
		}
	}})
	defer proxy.Close()
	for name, c := range map[string]struct {
		trusted  []string
		keepHost bool
		site     string
		want     int
	}{
		"a browser that names the site":                    {nil, false, "same-origin", 200},
		"an old browser":                                   {nil, false, "", 403},
		"an old browser, the origin trusted":               {[]string{proxy.URL}, false, "", 200},
		"an old browser, the host kept":                    {nil, true, "", 200},
		"another site's page, the proxy's origin trusted":  {[]string{proxy.URL}, false, "cross-site", 200},
		"another site's page, another origin trusted":      {[]string{trusted}, false, "cross-site", 403},
		"another site's page, none trusted, the host kept": {nil, true, "cross-site", 403},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, trust(c.trusted...))
			proxied, _ = url.Parse(f.URL)
			keepHost = c.keepHost
			r := f.raw("PUT", "/v1/bdbs/2/actions/import_reset_status", "", func(r *http.Request) {
				r.URL.Host = proxied.Host
				r.URL, _ = url.Parse(proxy.URL + r.URL.Path)
				r.Host = r.URL.Host
				r.Header.Set("Origin", proxy.URL)
				if c.site != "" {
					r.Header.Set("Sec-Fetch-Site", c.site)
				}
			})
			if r.StatusCode != c.want || c.want == 403 && r.errorCode() != "cross_origin" {
				t.Errorf("%d %s", r.StatusCode, r.body)
			}
		})
	}
}

func TestCheckOrigin(t *testing.T) {
	for _, good := range []string{"https://console.example.com", "http://localhost:8080", "https://[::1]:9443", "http://10.0.0.1", "https://xn--bcher-kva.example"} {
		if err := server.CheckOrigin(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "null", "*", "https://*.example.com", "console.example.com", "console.example.com:443", "https://", "https:console", "ftp://example.com",
		"https://example.com/", "https://example.com/x", "https://example.com?x", "https://example.com#x", "https://user@example.com", "https://example.com:",
		"https://Example.com", "HTTPS://example.com", "https://example.com:443", "http://example.com:80", "https://bücher.example", "https://example.com, https://b", "https://%65xample.com",
	} {
		if err := server.CheckOrigin(bad); err == nil {
			t.Errorf("%q was accepted, which no browser sends", bad)
		}
	}
	if _, err := server.New(server.Config{TrustedOrigins: []string{"*"}, Now: time.Now}); err == nil {
		t.Error("a server trusts *")
	}
}

// TestForwardedHeaders: anybody can send them, so they change nothing that is reported or decided.
func TestForwardedHeaders(t *testing.T) {
	f := start(t)
	forwarded := func(r *http.Request) {
		for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"} {
			r.Header.Set(name, "203.0.113.7")
		}
	}
	f.call("GET", "/v1/modules", "")
	f.call("GET", "/v1/modules", "", forwarded)
	f.call("PUT", "/v1/bdbs/2/actions/import_reset_status", "", forwarded, func(r *http.Request) {
		r.Header.Set("Origin", "http://203.0.113.7") // what X-Forwarded-Host says is not the Host
	})
	reported := eventtest.All[*event.Request](f.events)
	if len(reported) != 3 {
		t.Fatalf("%d requests were reported", len(reported))
	}
	for i, want := range []int{200, 200, 403} {
		if e := reported[i]; e.Status != want || e.Remote != reported[0].Remote || e.Remote == "203.0.113.7" {
			t.Errorf("request %d: %+v", i, e)
		}
	}
}
