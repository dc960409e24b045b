package conform

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport"
)

var update = flag.Bool("update", false, "write the golden files")

// golden holds text to what a file has, or writes the file with -update.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, []byte(text)) {
		return
	}
	had, has := strings.Split(string(want), "\n"), strings.Split(text, "\n")
	for i := range max(len(had), len(has)) {
		if i >= len(had) || i >= len(has) || had[i] != has[i] {
			t.Fatalf("%s:%d differs: see the change with go test ./conform -update\n%s", path, i+1, strings.Join(has[i:min(i+3, len(has))], "\n"))
		}
	}
}

// TestEveryStatusHasACase holds that no documented status of an operation is forgotten, and that each case stands on the contract.
func TestEveryStatusHasACase(t *testing.T) {
	r, err := newRun(Server{URL: "http://127.0.0.1:1", Create: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tried, names := map[string]bool{}, map[string]bool{}
	for _, c := range r.cases() {
		tried[fmt.Sprintf("%s %d", c.operation, c.status)] = true
		name := c.operation + "/" + c.name
		if names[name] {
			t.Errorf("%s: two cases have this name", name)
		}
		names[name] = true
		if op := r.contract.Operation(c.operation); op == nil && c.operation != otherPaths || op != nil && op.Spec.Responses.Status(c.status) == nil {
			t.Errorf("%s: the contract has no %s %d", name, c.operation, c.status)
		}
	}
	for _, op := range r.contract.Operations {
		for status := range op.Spec.Responses.Map() {
			if !tried[op.ID+" "+status] {
				t.Errorf("%s %s has no case", op.ID, status)
			}
		}
	}
}

// TestCasesQuoteTheContract holds that the sentences that reports show stand in openapi.yaml.
func TestCasesQuoteTheContract(t *testing.T) {
	r, err := newRun(Server{URL: "http://127.0.0.1:1", Create: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	spec := oneLine(string(reimport.Spec))
	var missing []string
	for _, c := range r.cases() {
		if c.says != "" && c.operation != otherPaths && !strings.Contains(spec, oneLine(c.says)) && !slices.Contains(missing, c.says) {
			missing = append(missing, c.says)
		}
	}
	if len(missing) > 0 {
		t.Errorf("openapi.yaml does not say:\n%s", strings.Join(missing, "\n"))
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
