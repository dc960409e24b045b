package handler_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// TestSocket serves the controls on a socket for its user alone, and removes it.
func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	n, err := node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: "unix:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if is, err := os.Stat(path); err != nil || is.Mode().Perm() != 0o600 || n.ControlsURL() != "unix:"+path {
		t.Errorf("%v: %v, %s", err, is.Mode(), n.ControlsURL())
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	c, err := api.NewClientWithResponses("http://localhost", api.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}))
	if err != nil {
		t.Fatal(err)
	}
	want(t, 204, func() (*api.ResetClusterResult, error) { return c.ResetClusterWithResponse(t.Context()) })
	_, err = node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: "unix:" + path})
	if wrong := new(node.ConfigError); !errors.As(err, &wrong) || wrong.Setting != "controls" {
		t.Errorf("a second node: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
}

// TestOnlyOnThisMachine: the controls have no password.
func TestOnlyOnThisMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	long := "unix:" + filepath.Join(t.TempDir(), strings.Repeat("x", 200)) // to which nobody could connect
	for _, address := range []string{long, "0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1", "unix:", "unix:" + file, "unix:/no/such/directory/s"} {
		n, err := node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: address})
		if wrong := new(node.ConfigError); n != nil || !errors.As(err, &wrong) || wrong.Setting != "controls" {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestCloseEndsWaits: who waits for the trace does not hold up the end of the node.
func TestCloseEndsWaits(t *testing.T) {
	n, err := node.Open(t.Context(), node.Config{Seed: seed.Seed{Users: []access.User{{Email: admin, Role: access.Admin}}}, Controls: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := api.NewClientWithResponses(n.ControlsURL())
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() {
		r, err := c.GetTraceWithResponse(t.Context(), &api.GetTraceParams{Wait: new(15)})
		if err == nil && r.StatusCode() != 200 {
			err = errors.New(r.Status())
		}
		waited <- err
	}()
	began := time.Now()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	<-waited // answered, or not accepted any more
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
