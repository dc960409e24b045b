package control_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/control"
)

// traced sends a request through Wrap to a handler that answers with the same body, and returns all of the exchange as text.
func traced(t testing.TB, e *control.Emulator, r *http.Request) string {
	t.Helper()
	before := e.Trace.Last()
	e.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", r.Header.Get("Cookie"))
		buffer := make([]byte, 1000)
		for {
			n, err := r.Body.Read(buffer)
			if _, _ = w.Write(buffer[:n]); err != nil {
				return
			}
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
	data, err := json.Marshal(e.Trace.Since(before))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// planter makes requests with secrets in all places that have some.
type planter struct {
	*rand.Rand
	secrets []string
}

func (p *planter) secret() string {
	s := fmt.Sprintf("s3cr3t%d/@?#:%x", len(p.secrets), p.Uint32())
	p.secrets = append(p.secrets, fmt.Sprintf("s3cr3t%d", len(p.secrets)))
	return s
}

func (p *planter) one(of ...string) string { return of[p.IntN(len(of))] }

// name returns the name of a member that is a secret.
func (p *planter) name() string {
	return p.one("url", "sftp_url", "key", "access_key_id", "secret_access_key", "private_key_id", "private_key", "account_key", "sas_token",
		"authentication_admin_pass", "authentication_redis_pass", "authentication_sasl_pass", "Password", "apiKey", "client_secret", "TOKEN", "uri", "URL")
}

// value returns a value with a secret in it wherever it has one.
func (p *planter) value(depth int) any {
	switch n := p.IntN(8); {
	case n == 0 && depth < 4:
		return []any{p.value(depth + 1), p.value(depth + 1)}
	case n == 1 && depth < 4:
		nested, err := json.Marshal(p.value(depth + 1))
		if err != nil {
			panic(err)
		}
		if nested[0] == '{' || nested[0] == '[' { // as crdt_modules has it
			return string(nested)
		}
		return 1.5
	case n < 5 && depth < 4:
		return map[string]any{
			p.name(): p.one("", "x") + p.secret(), p.name() + "_": p.value(depth + 1), "name": "plain", p.one("private_keys", "tokens"): []any{p.secret(), map[string]any{"x": p.secret()}},
			p.one("uri_of", "note"): p.url(),
		}
	case n == 5:
		return p.url()
	}
	return p.one("plain", "a@example.com", "ü")
}

func (p *planter) url() string {
	return p.one("redis://:"+p.secret()+"@10.0.0.1:6379", "see sftp://u:"+p.secret()+"@host/path", "https://host/x?sig="+url.QueryEscape(p.secret()), "https://host/x#"+p.secret())
}

func (p *planter) request(t testing.TB) *http.Request {
	t.Helper()
	body, err := json.Marshal(map[string]any{"a": p.value(0), "b": p.value(0), p.name(): p.secret()})
	if err != nil {
		t.Fatal(err)
	}
	if p.IntN(3) == 0 {
		body = body[:p.IntN(len(body))]
	}
	if p.IntN(3) == 0 { // so that it is cut somewhere
		body = append([]byte(`{"plain": "`+strings.Repeat("x", 16<<10-p.IntN(len(body)+1)-20)+`", "rest": `), body...)
	}
	query := p.one("password", "X-Amz-Signature", "api%5Fkey", "sas_token") + "=" + url.QueryEscape(p.secret()) + p.one("&", ";") + "fields=uid&u=" + url.QueryEscape(p.url())
	r := httptest.NewRequest("PUT", "/v1/bdbs/1?"+query, strings.NewReader(string(body)))
	r.URL.User = url.UserPassword("u", p.secret()) // as the request line of a proxy has it
	for name, value := range map[string]string{
		"Authorization": p.one("Basic ", "Bearer ", "", "Custom ") + p.secret(), "Cookie": "session=" + p.secret(), "Proxy-Authorization": "Basic " + p.secret(),
		"X-Api-Key": p.secret(), "X-Auth-Token": p.secret(), "Referer": p.url(),
	} {
		r.Header.Set(name, value)
	}
	return r
}

// TestNoSecretsInTheTrace plants secrets and looks for them.
func TestNoSecretsInTheTrace(t *testing.T) {
	e := emulator(t)
	planted := 0
	for seed := range uint64(60) {
		p := &planter{Rand: rand.New(rand.NewPCG(seed, 0))}
		text := traced(t, e, p.request(t))
		planted += len(p.secrets)
		if strings.Contains(text, "s3cr3t") {
			t.Fatalf("seed %d: %s", seed, text)
		}
		if !strings.Contains(text, `***`) || !strings.Contains(text, "fields=uid") {
			t.Fatalf("seed %d: all is hidden: %s", seed, text)
		}
	}
	if planted < 600 {
		t.Errorf("%d secrets were planted", planted)
	}
}

// TestMasked holds what a reader of the trace needs, and the forms in which secrets come.
func TestMasked(t *testing.T) {
	e := emulator(t)
	for given, want := range map[string]string{
		`{"name": "x", "memory_size": 1.50, "shards_count":[1,2 ]}`:                           `{"name": "x", "memory_size": 1.50, "shards_count":[1,2 ]}`,
		`{"dataset_import_sources": [{"type": "url", "url": "https://h/x?y"}]}`:               `{"dataset_import_sources": [{"type": "url", "url": "***"}]}`,
		`{"bucket_name": "b", "access_key_id": "x", "secret_access_key": {"a": []} , "b": 1}`: `{"bucket_name": "b", "access_key_id": "***", "secret_access_key": "***" , "b": 1}`,
		`{"authentication_redis_pass" : null, "key": "", "x": 1}`:                             `{"authentication_redis_pass" : null, "key": "", "x": 1}`,
		`{"p\u0061ssword": "x"}`:                                `{"p\u0061ssword": "***"}`,
		`{"replica_sources": [{"uid": 1, "uri": "redis://x"}]}`: `{"replica_sources": [{"uid": 1, "uri": "***"}]}`,
		`{"note": "at redis://u:p@h/1?x=y and so on"}`:          `{"note": "at redis://***@h/1?***"}`,
		`{"crdt_modules": "[{\"token\": \"x\"}]"}`:              `{"crdt_modules": "[{\"token\": \"***\"}]"}`,
		`{"name": "x", "tags": ["half`:                          `{"name": "x", "tags": [`,
		`password=x`:                                            ``,
		`<x/>`:                                                  ``,
		` `:                                                     ``,
		`{"error_code": "unauthorized", "description": "user name or password is missing or wrong"}`: `{"error_code": "unauthorized", "description": "user name or password is missing or wrong"}`,
	} {
		r := httptest.NewRequestWithContext(t.Context(), "PUT", "/v1/bdbs/1", strings.NewReader(given))
		before := e.Trace.Last()
		traced(t, e, r)
		x := e.Trace.Since(before)[0]
		if x.Request.Body != want || x.Response.Body != want || x.Request.Size != int64(len(given)) {
			t.Errorf("%s\nis %s\nnot %s", given, x.Request.Body, want)
		}
	}
	for given, want := range map[string]string{
		"/v1/bdbs?fields=uid,name&dry_run": "/v1/bdbs?fields=uid,name&dry_run",
		"/v1/bdbs?password=x&a=b;token=y":  "/v1/bdbs?password=***&a=b;token=***",
		"/v1/bdbs?a=%zz&pass%77ord=x":      "/v1/bdbs?a=***&pass%77ord=***",
		"/v1/bdbs?":                        "/v1/bdbs",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", given, nil)
		before := e.Trace.Last()
		traced(t, e, r)
		if x := e.Trace.Since(before)[0]; x.Path != want {
			t.Errorf("%s is %s, not %s", given, x.Path, want)
		}
	}
}

// FuzzTrace looks for a secret that is the value of a member with a secret name, wherever the text around it ends.
func FuzzTrace(f *testing.F) {
	f.Add(`{"a": [`, `}]`)
	f.Add(`[{"x": "\"`, `{}`)
	f.Add(`"`, `"`)
	e := emulator(f)
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.Contains(before+after, "s3cr3t") {
			return
		}
		for _, name := range []string{"secret_access_key", "url", "authentication_admin_pass"} {
			secret := []string{`"s3cr3t"`, `{"x": ["s3cr3t", 1]}`, `"s3cr3t`}
			body := before + `"` + name + `": ` + secret[len(before+after)%3] + after
			r := httptest.NewRequestWithContext(t.Context(), "PUT", "/v1/bdbs/1", strings.NewReader(body))
			if text := traced(t, e, r); strings.Contains(text, "s3cr3t") && !readsOtherwise(body, name) {
				t.Errorf("%q: %s", body, text)
			}
		}
	})
}

// readsOtherwise reports whether the name is not that of a member in a body, as within a string.
func readsOtherwise(body, name string) bool {
	d := json.NewDecoder(strings.NewReader(body))
	var strs []string
	for {
		token, err := d.Token()
		if err != nil {
			return !slices.Contains(strs, name)
		}
		if s, ok := token.(string); ok {
			strs = append(strs, s)
		}
	}
}
