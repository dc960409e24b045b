package conform_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/conform"
)

func transcribed(t interface{ Fatal(...any) }, add func(*conform.Transcript)) string {
	var tr conform.Transcript
	add(&tr)
	var b strings.Builder
	if n, err := tr.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatal(n, err)
	}
	return b.String()
}

// TestTranscript holds the whole text of a transcript, as it is compared with those of years ago.
func TestTranscript(t *testing.T) {
	got := transcribed(t, func(tr *conform.Transcript) {
		header := http.Header{"Content-Type": {jsonType}, "X-Request-Id": {"K3Q"}, "Date": {"now"}, "Server": {"envoy"}}
		get := httptest.NewRequest(http.MethodGet, "https://cluster.example.com:9443/v1/bdbs/17?fields=uid&token=tok3n", nil)
		get.SetBasicAuth(admin, password)
		for range 2 {
			tr.Add(get, nil, 200, header, []byte(`{"uid": 17, "name": "a<b", "created_time": "2026-01-02T03:04:05Z", "last_changed_time": 1700000000, "group_uid": 0,
				"authentication_redis_pass": "hunter2", "authentication_admin_pass": "", "import_progress": 0.5, "backup": true, "action_uid": null, "version": "7.2.4.1",
				"endpoints": [{"addr": ["10.0.0.1"], "dns_name": "redis-1.cluster.example.com", "uid": "17:1"}], "tags": [], "crdb": {}}`))
		}
		put := httptest.NewRequest(http.MethodPut, "https://cluster.example.com:9443/v1/bdbs/18", nil)
		put.Header.Set("X-Tenant", "acme")
		tr.Add(put, []byte(`{"conns": 7}`), 307, http.Header{"Location": {"https://10.0.0.2:9443/v1/bdbs/18"}}, nil)
		tr.Add(httptest.NewRequest(http.MethodDelete, "/v1/bdbs/17", nil), nil, 409, header,
			[]byte(`{"error_code": "busy", "description": "17 on cluster.example.com since 2026-01-02 03:04: hunter2 for admin@example.com"}`))
		tr.Add(httptest.NewRequest(http.MethodGet, "/v1/bdbs/01", nil), nil, 502, http.Header{"Content-Type": {"text/html"}}, []byte("<html>"))
	})
	want, err := os.ReadFile("testdata/transcript.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s", got)
	}
}

// TestShortHostsAreWords has hosts whose names are parts of other words.
func TestShortHostsAreWords(t *testing.T) {
	got := transcribed(t, func(tr *conform.Transcript) {
		tr.Add(httptest.NewRequest(http.MethodGet, "https://cluster:9443/v1/bdbs/1", nil), nil, 409, http.Header{"Location": {"https://e/"}},
			[]byte(`{"oss_cluster": true, "description": "cluster:9443 is busy, and node1.cluster is the leader"}`))
	})
	for _, want := range []string{`"oss_cluster": true`, `"description": "<host>:9443 is busy, and node1.<host> is the leader"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing:\n%s", want, got)
		}
	}
}

// TestTranscriptsOfTwoRunsAreEqual drives two servers of ours, which differ in ports, times and request ids.
func TestTranscriptsOfTwoRunsAreEqual(t *testing.T) {
	run := func() string {
		var tr conform.Transcript
		p := startProxy(t, serveDemo(t).URL, func(c *conform.ProxyConfig) { c.Transcript = &tr })
		c, err := client.New(p.URL, client.WithBasicAuth(admin, password), client.WithRetry(0))
		if err != nil {
			t.Fatal(err)
		}
		for uid := range 7 {
			_, _ = c.GetDatabase(t.Context(), uid)
			_ = c.ResetImportStatus(t.Context(), uid)
		}
		p.end()
		var b strings.Builder
		if _, err := tr.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	a, b := run(), run()
	changes, err := conform.Diff("a", strings.NewReader(a), "b", strings.NewReader(b))
	if err != nil || changes != "" || a != b || strings.Count(a, "\n> GET ") != 6 {
		t.Errorf("%v\n%s\n%s", err, changes, a)
	}
}

// TestNoSecretIsInATranscript plants a secret in all places that may have one, and in the texts of errors.
func TestNoSecretIsInATranscript(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		planted := rapid.StringMatching(`zq[A-Za-z0-9 /+%&"\\ü=@:<>-]{6,20}qz`).Draw(t, "secret")
		quoted, err := json.Marshal(planted)
		if err != nil {
			t.Fatal(err)
		}
		at := rapid.SampledFrom([]string{"login", "url", "query", "header", "member", "answer", "token"}).Draw(t, "at")
		target, body, answer := "http://h/v1/bdbs/1", `{"name": "a"}`, `{"name": "a"}`
		member := rapid.SampledFrom([]string{"authentication_redis_pass", "sas_token", "url", "private_key", "db_password"}).Draw(t, "member")
		switch at {
		case "url":
			target = "http://" + url.UserPassword("u", planted).String() + "@h/v1/bdbs/1"
		case "query":
			target += "?sig=" + url.QueryEscape(planted)
		case "member":
			body = fmt.Sprintf(`{"deep": [{%q: %s}]}`, member, quoted)
		case "answer":
			answer = fmt.Sprintf(`[{%q: [%s]}]`, member, quoted)
		}
		r, err := http.NewRequest(http.MethodPost, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Content-Type": {jsonType}}
		switch at {
		case "login":
			r.SetBasicAuth(admin, planted)
		case "header":
			r.Header.Set("X-Key", planted)
			header.Set("Set-Cookie", planted)
		case "token":
			r.Header.Set("Authorization", "JWT "+strings.ReplaceAll(planted, " ", ""))
		}
		echoes := func(tr *conform.Transcript) {
			if at == "header" || at == "token" {
				return // no server repeats them, and they are not remembered
			}
			said := fmt.Sprintf(`{"error_code": "busy", "description": %s, %s: {}}`, quoted, quoted)
			tr.Add(httptest.NewRequest(http.MethodGet, "/v1/bdbs", nil), nil, 400, http.Header{"Location": {"/" + url.PathEscape(planted)}}, []byte(said))
		}
		text := transcribed(t, func(tr *conform.Transcript) {
			echoes(tr) // before it is known for a secret
			tr.Add(r, []byte(body), 200, header, []byte(answer))
			echoes(tr)
		})
		for _, form := range []string{planted, string(quoted[1 : len(quoted)-1]), url.QueryEscape(planted), url.PathEscape(planted), base64.StdEncoding.EncodeToString([]byte(admin + ":" + planted))} {
			if strings.Contains(text, form) {
				t.Fatalf("%q, planted at %s, is in\n%s", form, at, text)
			}
		}
	})
}

func TestDiff(t *testing.T) {
	const head = "# reimport conform transcript, version 1\n"
	for _, c := range []struct{ name, a, b, want string }{
		{"equal", "\n> GET /a\n< 200\n< {}\n", "\n> GET /a\n< 200\n< {}\n", ""},
		{"another order", "\n> GET /a\n< 200\n\n> GET /b\n< 404\n", "\n> GET /b\n< 404\n\n> GET /a\n< 200\n", ""},
		{"answer", "\n> GET /a\n< 200\n< {}\n", "\n> GET /a\n< 404\n< {}\n", "> GET /a\n--- a\n+++ b\n@@ -1,2 +1,2 @@\n-< 200\n+< 404\n < {}\n\n"},
		{"only in a", "\n> GET /a\n< 200\n\n> GET /a\n< 200\n", "\n> GET /a\n< 200\n", "only in a:\n> GET /a\n< 200\n\n"},
		{"only in b", "", "\n> GET /a\n> {}\n< 200\n", "only in b:\n> GET /a\n> {}\n< 200\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := conform.Diff("a", strings.NewReader(head+c.a), "b", strings.NewReader(head+c.b))
			if err != nil || got != c.want {
				t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
	for _, text := range []string{"", "# another text\n", head + "something else\n"} {
		if _, err := conform.Diff("a", strings.NewReader(text), "b", strings.NewReader(head)); err == nil {
			t.Errorf("%q is no transcript", text)
		}
	}
}
