package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
)

func TestDo(t *testing.T) {
	type wire struct{ method, target, contentType, body string }
	var got wire
	var user, said string
	status := 200
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = wire{r.Method, r.URL.String(), r.Header.Get("Content-Type"), string(body)}
		user, _, _ = r.BasicAuth()
		w.WriteHeader(status)
		io.WriteString(w, said)
	}))
	defer srv.Close()
	c := connect(t, srv.URL+"/base")
	var object struct{ Name string }
	var raw json.RawMessage
	var list []int
	for _, tt := range []struct {
		method, path string
		body, into   any
		status       int
		answer       string
		want         wire
	}{
		{"GET", "/v1/cluster", nil, &object, 200, `{"name":"c"}`, wire{"GET", "/base/v1/cluster", "", ""}},
		{"GET", "v1/logs?limit=1&order=desc", nil, &list, 200, `[1]`, wire{"GET", "/base/v1/logs?limit=1&order=desc", "", ""}},
		{"POST", "/v1/users", map[string]any{"email": "a"}, &raw, 201, `{"uid": 1.0}`, wire{"POST", "/base/v1/users", "application/json", `{"email":"a"}`}},
		{"PUT", "/v1/users/1", json.RawMessage(`{"n":9007199254740993}`), nil, 200, `["any"]`, wire{"PUT", "/base/v1/users/1", "application/json", `{"n":9007199254740993}`}},
		{"DELETE", "/v1/suffix/a%2Fb%20c", nil, nil, 204, ``, wire{"DELETE", "/base/v1/suffix/a%2Fb%20c", "", ""}},
	} {
		said, status = tt.answer, tt.status
		if err := c.Do(t.Context(), tt.method, tt.path, tt.body, tt.into); err != nil {
			t.Errorf("%s %s: %v", tt.method, tt.path, err)
		}
		if got != tt.want || user != "admin@example.com" {
			t.Errorf("got  %+v of %s\nwant %+v", got, user, tt.want)
		}
	}
	if object.Name != "c" || string(raw) != `{"uid": 1.0}` || !slices.Equal(list, []int{1}) {
		t.Errorf("read %+v, %s, %v", object, raw, list)
	}
	for body, into := range map[string]any{"": &object, "<html>": nil, "[]": &object, "{}{}": &raw} {
		said, status = body, 200
		if err := c.Do(t.Context(), "GET", "/v1/cluster", nil, into); !errors.Is(err, client.ErrUnexpectedBody) {
			t.Errorf("%q: got %v, want ErrUnexpectedBody", body, err)
		}
	}
	status = 409
	clock := newClock()
	c = connect(t, srv.URL, clock.option(), client.WithRetry(time.Second), client.WithJitter(longest))
	if err := c.Do(t.Context(), "PUT", "/v1/bdbs/1/flush", nil, nil); !errors.Is(err, client.ErrBusy) || len(clock.slept) != 1 {
		t.Errorf("busy: got %v after %v", err, clock.slept)
	}
}

func TestDoRefuses(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s was sent", r.Method, r.URL) })
	for _, path := range []string{
		"", "/", "?a=1", "https://evil.example/v1", "//evil.example/v1", "//u:p@evil.example/v1", "/v1/../../x", "..", "/v1/%2e%2e/x",
		"/v1/a%2f..%2fx", "/./v1", "/v1/cluster#x", "mailto:a", "/v1/\n", "/%zz",
	} {
		if err := c.Do(t.Context(), "GET", path, nil, nil); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", path, err)
		}
	}
	for name, err := range map[string]error{
		"method":          c.Do(t.Context(), "CONNECT", "/v1/cluster", nil, nil),
		"no method":       c.Do(t.Context(), "", "/v1/cluster", nil, nil),
		"body":            c.Do(t.Context(), "PUT", "/v1/cluster", func() {}, nil),
		"raw body":        c.Do(t.Context(), "PUT", "/v1/cluster", json.RawMessage(`{`), nil),
		"into a value":    c.Do(t.Context(), "GET", "/v1/cluster", nil, struct{}{}),
		"into no pointer": c.Do(t.Context(), "GET", "/v1/cluster", nil, (*int)(nil)),
	} {
		if !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}
