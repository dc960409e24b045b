package main_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
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

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/conform"
	"github.com/reimport/reimport/internal/docs"
)

// TestConformFindsOursSound runs the whole suite against a server with controls. What each variant of a request was answered
// stands in a file, so that a change is seen in review.
func TestConformFindsOursSound(t *testing.T) {
	t.Parallel()
	p := serve(t, filepath.Join(t.TempDir(), "data"), "--seed", "../../examples/demo.yaml", "--controls", "127.0.0.1:0", "--tls=false")
	transcript := filepath.Join(t.TempDir(), "transcript")
	run := command(t, "conform", "--url", p.url, "--controls", p.controls, "--yes", "-o", "json", "--transcript", transcript)
	out, err := run.Output()
	var report conform.Report
	if err != nil || json.Unmarshal(out, &report) != nil || report.Count(conform.Broken) > 0 || report.Count(conform.Open) > 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	var variants strings.Builder
	for _, r := range report.Results {
		for _, tried := range r.Tried {
			fmt.Fprintf(&variants, "%s, %s, %s\n", r.Operation, strings.TrimPrefix(r.Name, "variants of "), tried)
		}
	}
	golden(t, "../../conform/testdata/variants.golden", variants.String())
	golden(t, "../../docs/emulated.md", emulated(t, report))
	said, err := os.ReadFile(transcript)
	if err != nil || !bytes.Contains(said, []byte("> PUT /v1/bdbs/<id 1>/actions/import_reset_status")) || bytes.Contains(said, []byte(strings.TrimPrefix(p.url, "http://"))) {
		t.Errorf("%v, the transcript is\n%.2000s", err, said)
	}
	c, err := client.New(p.url, client.WithBasicAuth("admin@example.com", "demo-admin"))
	if err != nil {
		t.Fatal(err)
	}
	if all, err := c.ListDatabases(t.Context(), "name"); err != nil || len(all) != 6 {
		t.Errorf("%v, the server has %v", err, all)
	}
}

// emulated is the page of what is emulated.
func emulated(t *testing.T, report conform.Report) string {
	t.Helper()
	var cases []docs.Case
	for _, r := range report.Results {
		cases = append(cases, docs.Case{Operation: r.Operation, Name: r.Name, Status: r.Status, Contract: r.Contract, Missing: r.Reason, Silent: r.Silent, Tried: r.Tried})
	}
	var recorded []docs.Recording
	for _, r := range conform.Recordings() {
		recorded = append(recorded, docs.Recording(r))
	}
	page, err := docs.Emulated(reimport.Spec, cases, recorded)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// golden holds text to what a file has, or writes the file with -update.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		write(t, filepath.Dir(path), filepath.Base(path), []byte(text))
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	had, has := strings.Split(string(want), "\n"), strings.Split(text, "\n")
	for i := range min(len(had), len(has)) {
		if had[i] != has[i] {
			t.Fatalf("%s:%d is %q, and now %q: see all changes with -update", path, i+1, had[i], has[i])
		}
	}
	if len(had) != len(has) {
		t.Fatalf("%s has %d lines, and now %d: see all changes with -update", path, len(had), len(has))
	}
}

// TestConformCleansUp interrupts a run when it has created a database, and again while it deletes it: it does so before it ends.
func TestConformCleansUp(t *testing.T) {
	t.Parallel()
	p := serve(t, filepath.Join(t.TempDir(), "data"), "--seed", "../../examples/demo.yaml")
	upstream, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	held, deleting, again := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once, onceDeleting sync.Once
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			once.Do(func() { close(held) })
			<-r.Context().Done() // the run gives it up
			return
		}
		if r.Method == http.MethodDelete {
			onceDeleting.Do(func() { close(deleting) })
			<-again
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
	for _, when := range []chan struct{}{held, deleting} {
		<-when
		if err := run.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	close(again)
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
