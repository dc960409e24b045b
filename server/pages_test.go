package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// page asks for a path as a browser does, without credentials, and takes the answer as it travels.
func (f *fixture) page(method, path, encoding string) response {
	f.t.Helper()
	return f.raw(method, path, "", func(r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("Accept-Encoding", encoding)
	})
}

var asset = regexp.MustCompile(`/assets/[a-z-]+-[0-9a-f]{16}\.(js|css|svg)`)

// everyFile returns the pages and all that they refer to.
func (f *fixture) everyFile() []string {
	f.t.Helper()
	paths := []string{"/", "/docs"}
	for _, path := range paths {
		paths = append(paths, asset.FindAllString(string(f.page("GET", path, "identity").body), -1)...)
	}
	if len(paths) < 9 {
		f.t.Fatalf("the pages refer to %v", paths)
	}
	return paths
}

func TestPagesArePlainAndCompressed(t *testing.T) {
	f := start(t)
	for _, path := range f.everyFile() {
		plain := f.page("GET", path, "identity")
		if plain.StatusCode != 200 || len(plain.body) == 0 || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d %v", path, plain.StatusCode, plain.Header)
		}
		zipped := f.page("GET", path, "gzip")
		unzipped, err := gzip.NewReader(bytes.NewReader(zipped.body))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(unzipped); err != nil || !bytes.Equal(body, plain.body) {
			t.Errorf("%s: %d bytes come out of gzip, want %d: %v", path, len(body), len(plain.body), err)
		}
		for encoding, compressed := range map[string]bool{
			"gzip": true, "deflate, gzip;q=0.5, br": true, "GZIP": true, "*": true, "br, *;q=0.1": true,
			"": false, "br": false, "gzip;q=0": false, "gzip; q=0, *": false, "*;q=0": false, "gzip;q=x": false,
		} {
			r := f.page("GET", path, encoding)
			want := plain.body
			if compressed {
				want = zipped.body
			}
			if got := r.Header.Get("Content-Encoding") == "gzip"; got != compressed {
				t.Errorf("%s: Accept-Encoding %q is answered with %q", path, encoding, r.Header.Get("Content-Encoding"))
			}
			if !bytes.Equal(r.body, want) || r.Header.Get("Content-Length") != strconv.Itoa(len(r.body)) || r.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s, %q: %d bytes, want %d; %v", path, encoding, len(r.body), len(want), r.Header)
			}
			if head := f.page("HEAD", path, encoding); head.StatusCode != 200 || len(head.body) > 0 || head.Header.Get("Content-Length") != r.Header.Get("Content-Length") || head.Header.Get("Content-Encoding") != r.Header.Get("Content-Encoding") {
				t.Errorf("HEAD %s, %q: %d %v", path, encoding, head.StatusCode, head.Header)
			}
		}
	}
}

func TestPagesGuardThemselves(t *testing.T) {
	f := start(t)
	types := map[string]string{"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
	for _, path := range f.everyFile() {
		contentType, caching := "text/html; charset=utf-8", "no-cache"
		if kind := asset.FindStringSubmatch(path); kind != nil {
			contentType, caching = types[kind[1]], "public, max-age=31536000, immutable"
		}
		for _, method := range []string{"GET", "HEAD"} {
			h := f.page(method, path, "gzip").Header
			for name, want := range map[string]string{
				"Content-Type": contentType, "Cache-Control": caching, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			} {
				if h.Get(name) != want {
					t.Errorf("%s %s: %s is %q, want %q", method, path, name, h.Get(name), want)
				}
			}
			policy := h.Get("Content-Security-Policy")
			for _, directive := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy+";", directive+";") {
					t.Errorf("%s %s: the policy %q lacks %s", method, path, policy, directive)
				}
			}
			if strings.Contains(policy, "unsafe") {
				t.Errorf("%s: the policy is %q", path, policy)
			}
		}
	}
}

func TestPagesAreAskedForAgainByTag(t *testing.T) {
	f := start(t)
	for _, path := range f.everyFile() {
		tag := f.page("GET", path, "gzip").Header.Get("ETag")
		for sent, want := range map[string]int{tag: 304, `"x", ` + tag: 304, `W/"other"`: 200, "": 200} {
			r := f.raw("GET", path, "", func(r *http.Request) { r.Header.Set("If-None-Match", sent) })
			if r.StatusCode != want || want == 304 && (len(r.body) > 0 || r.Header.Get("Cache-Control") == "") {
				t.Errorf("%s, If-None-Match %q: %d %v", path, sent, r.StatusCode, r.Header)
			}
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	f := start(t)
	files := f.everyFile()
	for _, path := range []string{
		"/docs/", "/docs/index.html", "/index.html", "/assets", "/assets/", "/assets/status.js", "/assets/status-0000000000000000.js", "/assets/../docs",
		"/assets/swagger-ui/LICENSE", files[2] + ".map", files[2] + "/", "/assets/%2e%2e/docs", "//docs",
	} {
		if r := f.page("GET", path, "gzip"); r.StatusCode != 404 || r.errorCode() != "not_found" {
			t.Errorf("%s: %d %.100s", path, r.StatusCode, r.body)
		}
	}
	for _, path := range files {
		if r := f.page("POST", path, ""); r.StatusCode != 405 || !strings.Contains(r.Header.Get("Allow"), "GET") {
			t.Errorf("POST %s: %d %v", path, r.StatusCode, r.Header)
		}
	}
}

// TestPagesNameNoOtherHost keeps everything that was written here from asking anybody else for anything.
func TestPagesNameNoOtherHost(t *testing.T) {
	f := start(t)
	for _, path := range f.everyFile() {
		body := f.page("GET", path, "").body
		if strings.Contains(path, "swagger-ui") || strings.HasSuffix(path, ".svg") {
			continue
		}
		for _, bad := range []string{"http:", "https:", "innerHTML", "localStorage", "sessionStorage", "eval(", " style=", "onclick"} {
			if bytes.Contains(body, []byte(bad)) {
				t.Errorf("%s: has %s", path, bad)
			}
		}
	}
}
