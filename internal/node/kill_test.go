package node_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
	"github.com/reimport/reimport/internal/store/memory"
)

// known is a cluster whose administrator needs no verification: its hash is of no password.
func known() (seed.Seed, map[string]string) {
	const hash = "$2a$04$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	c := cluster()
	c.Users = []access.User{{Email: "admin@example.com", PasswordHash: hash, Role: access.Admin}}
	return c, map[string]string{hash: "secret"}
}

func send(t testing.TB, n *node.Node, method, path, password string) (status int, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, n.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("admin@example.com", password)
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	return r.StatusCode, r.Body.Close()
}

// TestKill kills a node in the middle of an import, with a client that waits for an answer. What was answered is kept, the
// import is found as it was, and the next node ends it.
func TestKill(t *testing.T) {
	disk, dir := new(memory.Disk), t.TempDir()
	for name, place := range map[string]struct {
		node.Config
		open func() (store.Store, error)
	}{
		"memory": {node.Config{Disk: disk}, func() (store.Store, error) { return memory.Open(disk) }},
		"bolt":   {node.Config{DataDir: dir}, func() (store.Store, error) { return bolt.Open(node.StoreIn(dir)) }},
	} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{})
			silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				<-r.Context().Done()
			}))
			defer silent.Close()
			cfg := place.Config
			cfg.Listen, cfg.Importer = "127.0.0.1:0", importer.Config{AllowPrivate: true}
			cfg.Seed, cfg.Passwords = known()
			cfg.Seed.Databases[0].Import.Sources = []database.Source{{Type: database.SourceURL, Location: silent.URL}}
			n := open(t, cfg)
			if code, err := send(t, n, "POST", "/v1/bdbs/7/actions/import", "secret"); err != nil || code != http.StatusOK {
				t.Fatalf("%d, %v", code, err)
			}
			<-asked
			conn, answers := halfAsked(t, n)
			defer conn.Close()
			if err := n.Kill(); err != nil {
				t.Error(err)
			}
			if r, err := http.ReadResponse(answers, nil); err == nil { //nolint:bodyclose // it must not be there
				t.Errorf("a request under way got %+v", r)
			}
			if code, err := health(n); err == nil {
				t.Errorf("dead, it answers %d", code)
			}
			left, err := place.open()
			if err != nil {
				t.Fatal(err)
			}
			db, err := store.Get(t.Context(), left, store.Databases, 7)
			if err := errors.Join(err, left.Close()); err != nil || db.Import.Status != database.ImportInitializing {
				t.Errorf("%v: it left %+v", err, db)
			}
			n = open(t, cfg)
			defer shut(t, n)
			db, err = store.Get(t.Context(), n.Store(), store.Databases, 7)
			if err != nil || db.Import.Status != database.ImportFailed || db.Import.FailureReason != database.GeneralError || db.Status != database.Active {
				t.Errorf("%v: %+v", err, db)
			}
		})
	}
}

// TestPasswords: the password that a hash is known to be of needs no verification, and no other is taken.
func TestPasswords(t *testing.T) {
	cfg := node.Config{Listen: "127.0.0.1:0"}
	cfg.Seed, cfg.Passwords = known()
	n := open(t, cfg)
	defer shut(t, n)
	for password, want := range map[string]int{"secret": http.StatusOK, "Secret": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		if code, err := send(t, n, "GET", "/v1/bdbs", password); err != nil || code != want {
			t.Errorf("%q: %d, %v; want %d", password, code, err, want)
		}
	}
}
