package conform

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/contract"
)

// cluster has a server of ours answer as a cluster does where it is known to differ, or where nobody knows.
type cluster struct{}

func (cluster) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/openapi.json" {
		r.URL.Path = "/v1/nothing" // it serves no contract
	}
	if uid, found := strings.CutPrefix(r.URL.Path, "/v1/bdbs/0"); found && uid != "" { // it reads numbers as C does
		r.URL.Path = "/v1/bdbs/" + uid
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Header.Del("X-Request-Id")
	resp.Header.Set("Server", "envoy")
	resp.Header.Set("Cluster-State-Id", "17")
	var o map[string]any
	var items []map[string]any
	switch {
	case json.Unmarshal(body, &items) == nil && r.URL.RawQuery == "":
		for _, item := range items {
			addMember(item)
		}
		body, _ = json.Marshal(items)
	case resp.StatusCode == http.StatusUnauthorized:
		resp.Header.Del("WWW-Authenticate")
		resp.Header.Del("Content-Type")
		body = nil
	case resp.StatusCode == http.StatusNotFound && r.Method == http.MethodGet:
		resp.Header.Del("Content-Type")
		body = nil
	case json.Unmarshal(body, &o) != nil:
	case o["error_code"] == "db_not_exist":
		o["error_code"] = "db_not_found"
		body, _ = json.Marshal(o)
	case o["error_code"] == "invalid_schema" && strings.Contains(r.URL.Path, "/actions/"):
		resp.StatusCode = http.StatusNotAcceptable
	case r.URL.RawQuery == "":
		addMember(o)
		body, _ = json.Marshal(o)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

func addMember(bdb map[string]any) {
	if bdb["import_status"] != nil {
		bdb["unixsocket"] = "/tmp/redis-1.sock"
	}
}

// TestClusterMayDiffer holds that what the documents leave open is recorded and not taken for broken.
func TestClusterMayDiffer(t *testing.T) {
	n := startOurs(t)
	s := asUser(Server{URL: n.URL(), Create: true, Transport: cluster{}})
	report, err := Check(t.Context(), s, Options{Match: regexp.MustCompile(`/([^v]|v[^a])`)}) // all but the variants
	if err != nil || report.Ours {
		t.Fatalf("%v, it is taken for ours: %v", err, report.Ours)
	}
	seen := map[string]bool{}
	for _, r := range report.Results {
		if r.Outcome == Broken {
			t.Errorf("%s, %s: %s", r.Operation, r.Name, r.Text())
		}
		if r.Outcome == Open {
			seen[strings.Join(r.Seen, "; ")] = true
		}
	}
	for _, want := range []string{`error_code "db_not_found", reimport answers "db_not_exist"`} {
		if !seen[want] {
			t.Errorf("it is not reported that %s", want)
		}
	}
	note := slices.IndexFunc(report.Notes, func(line string) bool { return strings.Contains(line, `getBDB: "unixsocket"`) })
	if note < 0 || len(report.Notes) > 20 {
		t.Errorf("notes:\n%s", strings.Join(report.Notes, "\n"))
	}
}

// TestClusterMayHaveOtherBounds has a cluster take all values of a member: only those of another type are broken.
func TestClusterMayHaveOtherBounds(t *testing.T) {
	r, err := newRun(Server{URL: "http://cluster.example.com", Create: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	conns := contract.Closed(r.contract.Operation(opCreate).Spec.RequestBody.Value.Content.Get(jsonType).Schema.Value).Properties["conns"].Value
	var broken []string
	for _, v := range r.memberVariants(nil, "conns", conns) {
		if !v.valid && (&trial{run: r}).refusesVariant(v, &exchange{status: 200}, "") != nil {
			broken = append(broken, v.what)
		}
	}
	if got := strings.Join(broken, ", "); got != "a fraction, a number in a text, true" {
		t.Error(got)
	}
}
