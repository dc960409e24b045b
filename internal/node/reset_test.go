package node_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

const password = "opensesame"

// emulated is a cluster with two databases and an administrator.
func emulated(t testing.TB) seed.Seed {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s := cluster()
	s.Users[0].PasswordHash = string(hash)
	s.Databases = append(s.Databases, &database.Database{
		UID: 9, Name: "carts", Type: "redis", Status: database.ImportPending,
		Import: database.Import{Status: database.ImportImporting, Progress: 40},
	})
	return s
}

// ask has the node answer a request of the administrator.
func ask(t testing.TB, n *node.Node, method, path, body string) (int, string) {
	t.Helper()
	return askAs(t, n, password, method, path, body)
}

func askAs(t testing.TB, n *node.Node, password, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.SetBasicAuth("admin@example.com", password)
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func want(t testing.TB, n *node.Node, method, path, body string, status int) string {
	t.Helper()
	got, answer := ask(t, n, method, path, body)
	if got != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, got, answer, status)
	}
	return answer
}

// bothStores runs a test over the records in memory and in a file.
func bothStores(t *testing.T, test func(t *testing.T, cfg node.Config)) {
	for name, dir := range map[string]string{"memory": "", "bolt": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			given := emulated(t)
			test(t, node.Config{
				DataDir: dir, Seed: given, Emulate: true, Importer: importer.Config{MountPoints: []string{"/"}},
				Passwords: map[string]string{given.Users[0].PasswordHash: password},
			})
		})
	}
}

// TestReset undoes all that requests have done, uids that were in use included.
func TestReset(t *testing.T) {
	bothStores(t, func(t *testing.T, cfg node.Config) {
		n := open(t, cfg)
		defer shut(t, n)
		n.Emulator().Clock.Freeze()
		if err := n.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := want(t, n, "GET", "/v1/bdbs", "", 200)
		for range 2 {
			want(t, n, "DELETE", "/v1/bdbs/7", "", 200)
			want(t, n, "GET", "/v1/bdbs/7", "", 404)
			if answer := want(t, n, "POST", "/v1/bdbs", `{"name": "x", "memory_size": 0}`, 200); !strings.Contains(answer, `"uid":10,`) {
				t.Errorf("created %s", answer)
			}
			if err := n.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			if after := want(t, n, "GET", "/v1/bdbs", "", 200); after != before {
				t.Errorf("it was %s\nand is  %s", before, after)
			}
		}
	})
}

// TestLoad gives the cluster another set-up. The next reset goes back to the node's own.
func TestLoad(t *testing.T) {
	bothStores(t, func(t *testing.T, cfg node.Config) {
		n := open(t, cfg)
		defer shut(t, n)
		other := emulated(t)
		other.Databases = []*database.Database{{UID: 3, Name: "queue", Type: "redis", Status: database.Active}}
		other.HighestUID = 40
		if err := n.Load(t.Context(), &other); err != nil {
			t.Fatal(err)
		}
		want(t, n, "GET", "/v1/bdbs/7", "", 404)
		want(t, n, "GET", "/v1/bdbs/3", "", 200)
		if answer := want(t, n, "POST", "/v1/bdbs", `{"name": "x", "memory_size": 0}`, 200); !strings.Contains(answer, `"uid":41,`) {
			t.Errorf("created %s", answer)
		}
		if err := n.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, n, "GET", "/v1/bdbs/7", "", 200)
		want(t, n, "GET", "/v1/bdbs/3", "", 404)
	})
}

// TestLoadRefusals: what cannot be loaded changes nothing, nor does a node that does not emulate.
func TestLoadRefusals(t *testing.T) {
	cfg := node.Config{Seed: emulated(t), Emulate: true, Listen: "0.0.0.0:0"}
	n := open(t, cfg)
	defer shut(t, n)
	before := want(t, n, "GET", "/v1/bdbs", "", 200)
	source, demo := emulated(t), emulated(t)
	source.Databases[0].Import.Sources = []database.Source{{Type: database.SourceURL, Location: "ftp://x"}}
	demo.Demo = true
	for name, c := range map[string]struct {
		given *seed.Seed
		want  string
	}{
		"source": {&source, "seed: database 7: dataset_import_sources[0].url"},
		"demo":   {&demo, "listen: the seed is a demo"},
	} {
		err := n.Load(t.Context(), c.given)
		if wrong := new(node.ConfigError); !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Load(ctx, &cfg.Seed); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if after := want(t, n, "GET", "/v1/bdbs", "", 200); after != before {
		t.Errorf("it was %s\nand is  %s", before, after)
	}
	plain := open(t, node.Config{Seed: emulated(t)})
	defer shut(t, plain)
	if err := plain.Reset(t.Context()); err == nil || plain.Emulator() != nil {
		t.Errorf("a plain node: %v", err)
	}
}

// TestLoadWithoutUsers: the users of the node's own seed may log in.
func TestLoadWithoutUsers(t *testing.T) {
	n := open(t, node.Config{Seed: emulated(t), Emulate: true})
	defer shut(t, n)
	if err := n.Load(t.Context(), new(seed.Seed)); err != nil {
		t.Fatal(err)
	}
	if all := want(t, n, "GET", "/v1/bdbs", "", 200); strings.TrimSpace(all) != "[]" {
		t.Errorf("it has %s", all)
	}
}

// TestUsersOfTheFile may log in whatever is loaded.
func TestUsersOfTheFile(t *testing.T) {
	dir := t.TempDir()
	var file bytes.Buffer
	given := emulated(t)
	if err := seed.Write(&file, "", &seed.Seed{Users: given.Users}); err != nil {
		t.Fatal(err)
	}
	users := dir + "/users.yaml"
	write(t, users, file.Bytes())
	given.Users = nil
	n := open(t, node.Config{Seed: given, Emulate: true, UsersFile: users})
	defer shut(t, n)
	other := seed.Seed{Users: []access.User{
		{Email: "admin@example.com", PasswordHash: "none", Role: access.None}, {Email: "other@example.com", PasswordHash: "none", Role: access.Admin},
	}}
	if err := n.Load(t.Context(), &other); err != nil {
		t.Fatal(err)
	}
	want(t, n, "GET", "/v1/bdbs/7", "", 404)
	dumped, err := n.Dump(t.Context())
	if err != nil || len(dumped.Users) != 2 || dumped.Users[0].Role != access.Admin {
		t.Errorf("%v: %+v", err, dumped)
	}
}

// TestResetUnderLoad has clients change and read while the cluster is reset: all are answered, and none sees part of a seed.
func TestResetUnderLoad(t *testing.T) {
	bothStores(t, func(t *testing.T, cfg node.Config) {
		n := open(t, cfg)
		defer shut(t, n)
		want(t, n, "GET", "/v1/bdbs", "", 200)
		ended := make(chan struct{})
		var clients sync.WaitGroup
		for i := range 4 {
			clients.Go(func() {
				for round := 0; ; round++ {
					select {
					case <-ended:
						return
					default:
					}
					if err := visit(t, n, i, round); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 20 {
			if err := n.Reset(t.Context()); err != nil {
				t.Error(err)
			}
		}
		close(ended)
		clients.Wait()
	})
}

// TestResetWaits for a request under way, for as long as its context lasts: if that ends, nothing has changed.
func TestResetWaits(t *testing.T) {
	given := emulated(t)
	synctest.Test(t, func(t *testing.T) {
		n := open(t, node.Config{Seed: given, Emulate: true})
		defer shut(t, n)
		want(t, n, "DELETE", "/v1/bdbs/7", "", 200)
		body, rest := io.Pipe()
		asked := make(chan int, 1)
		go func() {
			w := httptest.NewRecorder()
			n.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/openapi.yaml", body))
			asked <- w.Code
		}()
		synctest.Wait() // for the node to wait for the body
		ctx, cancel := context.WithCancel(t.Context())
		reset := make(chan error, 1)
		go func() { reset <- n.Reset(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-reset; !errors.Is(err, context.Canceled) {
			t.Fatalf("it did not wait: %v", err)
		}
		want(t, n, "GET", "/v1/bdbs/7", "", 404)
		go func() { reset <- n.Reset(t.Context()) }()
		synctest.Wait()
		if len(reset) > 0 {
			t.Fatal("it did not wait")
		}
		rest.Close()
		if code := <-asked; code != 200 {
			t.Error(code)
		}
		if err := <-reset; err != nil {
			t.Error(err)
		}
		want(t, n, "GET", "/v1/bdbs/7", "", 200)
	})
}

// visit creates and deletes a database of its own, imports into one of the seed's, and looks at those of the seed.
func visit(t *testing.T, n *node.Node, client, round int) error {
	status, answer := ask(t, n, "POST", "/v1/bdbs", fmt.Sprintf(`{"name": "c%d", "uid": %d, "memory_size": 0}`, client, 100+client))
	if status != http.StatusOK {
		return fmt.Errorf("round %d: POST: %d %s", round, status, answer)
	}
	if status, answer = ask(t, n, "GET", "/v1/bdbs?fields=uid", ""); status != http.StatusOK || !strings.HasPrefix(answer, `[{"uid":7},{"uid":9}`) {
		return fmt.Errorf("round %d: GET: %d %s", round, status, answer)
	}
	source := `{"dataset_import_sources": [{"type": "mount_point", "path": "/no/such/directory/x.rdb"}]}`
	if status, answer = ask(t, n, "POST", "/v1/bdbs/7/actions/import", source); status != http.StatusOK && status != http.StatusConflict {
		return fmt.Errorf("round %d: import: %d %s", round, status, answer)
	}
	path := fmt.Sprintf("/v1/bdbs/%d", 100+client)
	if status, answer = ask(t, n, "DELETE", path, ""); status != http.StatusOK && status != http.StatusNotFound {
		return fmt.Errorf("round %d: DELETE: %d %s", round, status, answer)
	}
	return nil
}
