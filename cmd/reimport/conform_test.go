package main_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestConformCleansUp interrupts a run when it has created a database: it deletes it before it ends.
func TestConformCleansUp(t *testing.T) {
	t.Parallel()
	p := serve(t, filepath.Join(t.TempDir(), "data"), "--seed", "../../examples/demo.yaml")
	upstream, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	held, once := make(chan struct{}), sync.Once{}
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			once.Do(func() { close(held) })
			<-r.Context().Done() // the run gives it up
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(between.Close)
	run := command(t, "conform", "--url", between.URL, "--user", "admin@example.com", "--password", "demo-admin", "--create", "--yes", "-o", "json")
	var out strings.Builder
	run.Stdout = &out
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	<-held
	c := p.client("admin@example.com", "demo-admin")
	all, err := c.ListDatabases(t.Context(), "name")
	if err != nil || !strings.HasPrefix(all[len(all)-1].Name, "conform-") {
		t.Fatalf("%v, there is no database of the run: %v", err, all)
	}
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := run.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 12 {
		t.Errorf("%v, want exit code 12", err)
	}
	left, err := c.ListDatabases(t.Context(), "name")
	if err != nil || len(left) != 6 {
		t.Errorf("%v, there are %v", err, left)
	}
	if !strings.HasPrefix(out.String(), "{") {
		t.Errorf("the report up to there is not printed: %q", out.String())
	}
}
