package conform_test

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

const (
	admin    = "admin@example.com"
	password = "a password of nobody"
)

var hash = sync.OnceValue(func() string {
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		panic(err)
	}
	return string(h)
})

// serveDemo runs a server of ours with the databases of the demo cluster.
func serveDemo(t testing.TB) *httptest.Server {
	t.Helper()
	examples, err := filepath.Abs("../examples")
	if err != nil {
		t.Fatal(err)
	}
	demo, err := seed.Read(filepath.Join(examples, "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	demo.Users = []access.User{{Email: admin, PasswordHash: hash(), Role: access.Admin}}
	n, err := node.Open(t.Context(), node.Config{
		Seed:     *demo,
		Importer: importer.Config{MountPoints: []string{examples}, MaxDownload: 1 << 30, MaxExpansion: 1 << 30, SpoolReserve: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(n)
	t.Cleanup(func() {
		srv.Close()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// otherTest is somebody's test that a Transport may fail.
type otherTest struct {
	mu       sync.Mutex
	breaches []string
	notes    []string
	cleanups []func()
}

func (o *otherTest) Helper() {}

func (o *otherTest) Errorf(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.breaches = append(o.breaches, fmt.Sprintf(format, args...))
}

func (o *otherTest) Logf(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notes = append(o.notes, fmt.Sprintf(format, args...))
}

func (o *otherTest) Cleanup(f func()) { o.cleanups = append(o.cleanups, f) }

// end runs the clean-ups, and returns what the test has failed with, without what the contract says.
func (o *otherTest) end() string {
	for _, f := range slices.Backward(o.cleanups) {
		f()
	}
	var all []string
	for _, line := range o.breaches {
		line, _, _ = strings.Cut(strings.TrimPrefix(line, "conform: "), " (")
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}
