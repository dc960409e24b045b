package conform

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/docs"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// The user of a server that a test starts.
const user, password = "admin@example.com", "correct horse"

// startOurs runs a reimport server with its controls.
func startOurs(t testing.TB) *node.Node {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), node.Config{
		Listen: "127.0.0.1:0", Controls: "127.0.0.1:0", Importer: importer.Defaults(),
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

// TestOursKeepsTheContract runs the whole suite: nothing is broken or open, and what is not testable stands here.
func TestOursKeepsTheContract(t *testing.T) {
	n := startOurs(t)
	report, err := Check(t.Context(), Server{URL: n.URL(), Controls: n.ControlsURL()}, Options{})
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
	golden(t, "testdata/variants.golden", variantsOf(report))
	golden(t, "../docs/emulated.md", emulated(t, report))
}

// emulated is the page of what is emulated.
func emulated(t *testing.T, report *Report) string {
	t.Helper()
	r, err := newRun(Server{URL: report.Server, Create: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	silent := map[string]string{}
	for _, c := range r.cases() {
		silent[c.operation+"/"+c.name] = c.open
	}
	var cases []docs.Case
	for _, r := range report.Results {
		cases = append(cases, docs.Case{
			Operation: r.Operation, Name: r.Name, Status: r.Status, Contract: r.Contract, Missing: r.Reason,
			Silent: silent[r.Operation+"/"+r.Name], Tried: r.Tried,
		})
	}
	var recorded []docs.Recording
	for _, r := range recordings {
		recorded = append(recorded, docs.Recording{Object: r.object, Source: r.source})
	}
	page, err := docs.Emulated(reimport.Spec, cases, recorded)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
