package conform

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// startOurs runs a reimport server with databases in the states that only a set-up brings about.
func startOurs(t testing.TB) *httptest.Server {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("conform"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "set-up.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(setUp, "PASSWORD_HASH", string(hash))), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := seed.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), node.Config{Seed: *s, Importer: importer.Defaults()})
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

func oursAt(url string) Server {
	return Server{URL: url, User: adminUser, Password: "conform", Viewer: viewerUser, ViewerPassword: "conform"}
}

// TestOursKeepsTheContract runs the suite against a server of ours as anybody may, without its controls.
func TestOursKeepsTheContract(t *testing.T) {
	s := oursAt(startOurs(t).URL)
	s.Create = true
	report, err := Check(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.Outcome == Broken || r.Outcome == Open {
			t.Errorf("%s, %s: %s: %s", r.Operation, r.Name, r.Outcome, r.Text())
		}
		if r.Outcome == NotTestable && !slices.Contains(needControls, r.Reason) {
			t.Errorf("%s, %s: %s", r.Operation, r.Name, r.Reason)
		}
	}
}

var needControls = []string{
	reasons[succeededImport], reasons[runningBackup], reasons[pendingChange], reasons[roleNone],
	"no import runs for long enough: run it with the controls of reimport",
	"it takes more logins at once than the suite sends", "no request makes a sound server fail",
}
