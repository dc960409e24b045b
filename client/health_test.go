package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/reimport/reimport/client"
)

// TestHealth reads answers that are not JSON.
func TestHealth(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/below/healthz" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte("shutting down\n"))
	})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) }))
	defer up.Close()
	ending := httptest.NewServer(answer)
	defer ending.Close()
	if err := connect(t, up.URL).Health(t.Context()); err != nil {
		t.Error(err)
	}
	err := connect(t, ending.URL+"/below").Health(t.Context())
	if !errors.Is(err, client.ErrUnavailable) || err.Error() != "health: shutting down (503)" {
		t.Error(err)
	}
	if err := connect(t, ending.URL).Health(t.Context()); !errors.Is(err, client.ErrNoSuchPath) {
		t.Error(err)
	}
}
