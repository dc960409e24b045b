package node_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
)

// cluster is a set-up that needs no password: nobody logs in.
func cluster() seed.Seed {
	return seed.Seed{
		Users:     []access.User{{Email: "admin@example.com", PasswordHash: "none", Role: access.Admin}},
		Databases: []*database.Database{{UID: 7, Name: "sessions", Type: "redis", Status: database.Active}},
	}
}

func open(t testing.TB, cfg node.Config) *node.Node {
	t.Helper()
	n, err := node.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func shut(t testing.TB, n *node.Node) {
	t.Helper()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// TestMemory opens a node without a data directory and without a listener, and leaves nothing behind.
func TestMemory(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	given := cluster()
	n := open(t, node.Config{Seed: given})
	w := httptest.NewRecorder()
	n.ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	if w.Code != http.StatusOK || n.URL() != "" {
		t.Errorf("%d, listens on %q", w.Code, n.URL())
	}
	db, err := store.Get(t.Context(), n.Store(), store.Databases, 7)
	if err != nil || db.CreatedTime.IsZero() || !given.Databases[0].CreatedTime.IsZero() {
		t.Errorf("%v: %+v of %+v", err, db, given.Databases[0])
	}
	shut(t, n)
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v: left %v", err, left)
	}
}

// TestDataDir: what is in a data directory outlives its node, the certificate included, and it is one node's.
func TestDataDir(t *testing.T) {
	cfg := node.Config{DataDir: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", TLS: true, Seed: cluster()}
	var certificates []string
	for range 2 {
		n := open(t, cfg)
		pem, err := os.ReadFile(n.CA())
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		c := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
		r, err := c.Get(n.URL() + "/healthz")
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%v: %+v", err, r)
		}
		r.Body.Close()
		if _, err := store.Get(t.Context(), n.Store(), store.Databases, 7); err != nil {
			t.Error(err)
		}
		if certificates = append(certificates, string(pem)); len(certificates) == 1 {
			if _, err := node.Open(t.Context(), cfg); !errors.Is(err, store.ErrLocked) {
				t.Errorf("a second node on the same directory: %v", err)
			}
		}
		shut(t, n)
		cfg.Seed.Databases = nil
	}
	if certificates[0] != certificates[1] {
		t.Error("the second start has made a certificate of its own")
	}
}

func TestRefusals(t *testing.T) {
	demo := cluster()
	demo.Demo = true
	source := cluster()
	source.Databases[0].Import.Sources = []database.Source{{Type: database.SourceURL, Location: "ftp://x"}}
	for name, c := range map[string]struct {
		cfg     node.Config
		setting string
		want    string
	}{
		"no users":       {node.Config{}, "users", "expected some"},
		"demo in public": {node.Config{Seed: demo, Listen: "0.0.0.0:0"}, "listen", "loopback"},
		"no address":     {node.Config{Seed: cluster(), Listen: "300.0.0.1:0"}, "listen", "300.0.0.1"},
		"source":         {node.Config{Seed: source}, "seed", "database 7: dataset_import_sources[0].url"},
		"directory":      {node.Config{Seed: cluster(), DataDir: os.DevNull}, "data-dir", os.DevNull},
		"certificate":    {node.Config{Seed: cluster(), Listen: "127.0.0.1:0", TLS: true, CertFile: "x", KeyFile: "y"}, "", "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := node.Open(t.Context(), c.cfg)
			wrong, ok := errors.AsType[*node.ConfigError](err)
			if n != nil || !ok || wrong.Setting != c.setting || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s: %s", err, c.setting, c.want)
			}
		})
	}
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
