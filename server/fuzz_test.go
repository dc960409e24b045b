package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/store"
)

// FuzzRequests sends any request to any operation of the contract. Whatever comes, the answer is one that the contract
// declares, never a 5xx, and never a 2xx without the right credentials.
func FuzzRequests(f *testing.F) {
	srv := start(f, func(c *node.Config) { c.Lockout = access.Lockout{} })
	good := "Basic " + base64.StdEncoding.EncodeToString([]byte(admin+":"+password))
	var operations []string
	for path, item := range srv.contract.doc.Paths.Map() {
		for method := range item.Operations() {
			operations = append(operations, method+" "+path)
		}
	}
	slices.Sort(operations)
	for i := range operations {
		for _, uid := range []string{"1", "6", "0", "01", "+1", "-1", "9223372036854775808", "%31", "a%2fb", "", "/", "1/", "1/x", " %2f", "b14385b09778a335835ee3ae380bbc77"} {
			f.Add(byte(i), uid, "", good, "application/json", []byte(`{"name": "x", "memory_size": 0}`))
		}
		f.Add(byte(i), "2", "fields=uid&dry_run", good, "", []byte(`{"dataset_import_sources": [{"type": "url", "url": "http://[::1]:0/"}]}`))
		f.Add(byte(i), "2", "dry_run=true;x", "Basic Og==", "text/plain", []byte("\xff\x00{}"))
		f.Add(byte(i), "1", "", good, "Application/JSON", []byte(`{"name": "a", "memory_size": 1.0, "uid": 12e0, "slave_ha_priority": 99999999999999999999}`))
		f.Add(byte(i), "1", "", good, "application/json", []byte(`{"conns": 1e3}`))
		f.Add(byte(i), "1", "", "", "application/json", []byte(`{"dataset_import_sources": [{"type": "mount_point", "path": "/../etc/passwd"}]}`))
	}
	f.Fuzz(func(t *testing.T, op byte, uid, query, authorization, contentType string, body []byte) {
		method, path, _ := strings.Cut(operations[int(op)%len(operations)], " ")
		target, err := url.ParseRequestURI(strings.Replace(path, "{uid}", uid, 1) + "?" + query)
		if err != nil {
			t.Skip("no client can send this URL")
		}
		r := httptest.NewRequest(method, "/", bytes.NewReader(body))
		r.URL = target
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		srv.events.Reset()
		w := httptest.NewRecorder()
		srv.Config.Handler.ServeHTTP(w, r)
		switch {
		case w.Code >= 500:
			t.Fatalf("%d %s\n%s", w.Code, w.Body, srv.events.Text())
		case w.Code < 300 && !authorized(r) && target.Path != "/healthz" && !strings.HasPrefix(target.Path, "/openapi."):
			t.Fatalf("%d without credentials", w.Code)
		}
		if operation(r) == "" { // the uid has made it another path
			if w.Code < 400 {
				t.Fatalf("%d for %s, which is not in the contract", w.Code, target.Path)
			}
			return
		}
		if err := srv.contract.check(r, w.Code, w.Header(), w.Body.Bytes()); err != nil {
			t.Fatal(err)
		}
		srv.forget(t, method, path, w)
	})
}

// authorized reports whether r has the credentials of the admin, in any spelling: neither the case of the scheme nor the
// last bits of base64 matter.
func authorized(r *http.Request) bool {
	user, pass, _ := r.BasicAuth()
	return user == admin && pass == password
}

// forget deletes a database that was created, so that they do not pile up.
func (f *fixture) forget(t *testing.T, method, path string, w *httptest.ResponseRecorder) {
	var created struct{ UID int }
	if method != http.MethodPost || path != "/v1/bdbs" || w.Code != http.StatusOK {
		return
	}
	if err := json.Unmarshal(w.Body.Bytes(), &created); err != nil {
		t.Fatal(err)
	}
	store.Delete(t.Context(), f.store, store.Databases, created.UID, func(*database.Database) error { return nil })
}
