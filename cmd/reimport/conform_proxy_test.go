package main_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConformProxy has a client and a server that both break the contract on the two ends of a proxy with TLS on both sides.
func TestConformProxy(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "a@example.com" || password != "hunter2" {
			t.Errorf("%s %s comes from %s", r.Method, r.URL, user)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"uid": "1", "name": "hunter2"}`)
	}))
	defer upstream.Close()
	dir := t.TempDir()
	transcript := filepath.Join(dir, "transcript.txt")
	proxy := command(t, "conform", "proxy", "--upstream", upstream.URL, "--insecure", "--tls-dir", filepath.Join(dir, "tls"), "--transcript", transcript)
	out, err := proxy.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Process.Kill(); proxy.Wait() })
	lines := bufio.NewScanner(out)
	next := func(what string) string {
		t.Helper()
		lines.Scan()
		value, found := strings.CutPrefix(lines.Text(), what)
		if !found {
			t.Fatalf("expected %s, got %s", what, lines.Text())
		}
		return strings.TrimSpace(value)
	}
	pem, err := os.ReadFile(next("trust"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, next("listening")+"/v1/bdbs/1?field=uid", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("a@example.com", "hunter2")
	c := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	w, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	for _, want := range []string{
		`getBDB request: "field": expected no such query parameter, found another value`,
		"getBDB response: uid: expected an integer from 1 to 2147483647, found a string (Unique in the cluster.)",
	} {
		if got := next("breach"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if err := proxy.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if got := next("summary"); got != "exchanges 1, breaches 2, notes 1" {
		t.Error(got)
	}
	var exit *exec.ExitError
	if err := proxy.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 15 {
		t.Errorf("%v, want exit code 15", err)
	}
	text, err := os.ReadFile(transcript)
	want := "> GET /v1/bdbs/<id 1>?field=***\n> Authorization: Basic ***\n< 200\n< Content-Type: application/json\n< {\n<   \"name\": \"***\",\n<   \"uid\": \"<id 1>\"\n< }\n"
	if _, got, _ := strings.Cut(string(text), "\n\n"); err != nil || got != want {
		t.Errorf("%v\n%s", err, text)
	}
}
