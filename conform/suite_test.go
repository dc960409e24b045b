package conform

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/redistest"
	"github.com/reimport/reimport/internal/seed"
)

// The user of a server that a test starts.
const user, password = "admin@example.com", "correct horse"

// startOurs runs a reimport server with its controls.
func startOurs(t testing.TB) *node.Node {
	t.Helper()
	return startWith(t, node.DataPlaneSimulated)
}

func startWith(t testing.TB, dataPlane string) *node.Node {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), node.Config{
		Listen: "127.0.0.1:0", Controls: "127.0.0.1:0", Importer: importer.Defaults(), MemoryLimit: 64 << 30, DataPlane: dataPlane,
		Seed: seed.Seed{Users: []access.User{{Email: user, PasswordHash: string(hash), Role: access.Admin}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// TestOursKeepsTheContract runs the suite with some of the variants: nothing is broken or open, and what is not testable stands
// here. A test of the command runs all of them, without the race detector.
func TestOursKeepsTheContract(t *testing.T) { keepsTheContract(t, startOurs(t), someVariants) }

// TestOursKeepsTheContractWithRedis does so with databases that have a Redis each, whose changes take a while.
func TestOursKeepsTheContractWithRedis(t *testing.T) {
	redistest.Program(t)
	keepsTheContract(t, startWith(t, node.DataPlaneLocal), regexp.MustCompile(`/([^v]|v[^a])`))
}

func keepsTheContract(t *testing.T, n *node.Node, match *regexp.Regexp) {
	t.Helper()
	report, err := Check(t.Context(), Server{URL: n.URL(), Controls: n.ControlsURL()}, Options{Match: match})
	if err != nil {
		t.Fatal(err)
	}
	unreachable := []string{"it takes more logins at once than the suite sends", "no request makes a sound server fail"}
	for _, r := range report.Results {
		if r.Outcome != Kept && (r.Outcome != NotTestable || !slices.Contains(unreachable, r.Reason)) {
			t.Errorf("%s, %s: %s: %s", r.Operation, r.Name, r.Outcome, cmp.Or(r.Text(), r.Reason))
		}
	}
	if len(report.Notes) > 0 || !report.Ours {
		t.Errorf("it is taken for ours: %v, with the notes\n%s", report.Ours, strings.Join(report.Notes, "\n"))
	}
}

// someVariants matches all cases but most of the variants.
var someVariants = regexp.MustCompile(`/([^v]|v[^a])|variants of (e|the)`)
