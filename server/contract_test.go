package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/conform"
	spec "github.com/reimport/reimport/internal/contract"
)

// contract is openapi.yaml and what has been seen of it.
type contract struct {
	doc *openapi3.T

	mu   sync.Mutex
	seen map[string]bool // "operationId status"
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(reimport.Spec)
	return &contract{doc: doc, seen: map[string]bool{}}, err
})

func theContract(t testing.TB) *contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// operation returns the id of the operation that a request asks for, empty if there is none.
func operation(r *http.Request) string {
	c, err := spec.Load()
	if err != nil {
		panic(err)
	}
	if op, _ := c.Find(r.Method, r.URL.EscapedPath()); op != nil {
		return op.ID
	}
	return ""
}

// check holds a response against the contract.
func (c *contract) check(r *http.Request, status int, header http.Header, body []byte) error {
	op := operation(r)
	if op == "" {
		return fmt.Errorf("%s %s is not in the contract", r.Method, r.URL.Path)
	}
	found := conform.Checker{Ours: true}.CheckResponse(r, status, header, body)
	if len(found.Breaches)+len(found.Notes) > 0 {
		return fmt.Errorf("%v", append(found.Breaches, found.Notes...))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[fmt.Sprintf("%s %d", op, status)] = true
	return nil
}

// unseen lists the statuses of the contract that no response has had.
func (c *contract) unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var unseen []string
	for _, item := range c.doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status := range op.Responses.Map() {
				if name := op.OperationID + " " + status; !c.seen[name] {
					unseen = append(unseen, name)
				}
			}
		}
	}
	slices.Sort(unseen)
	return unseen
}

// TestContract holds openapi.yaml itself: that it is valid OpenAPI, and that every example fits its schema.
func TestContract(t *testing.T) {
	c := theContract(t)
	if err := c.doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Summary == "" || op.Description == "" || len(op.Tags) == 0 {
				t.Errorf("%s %s: lacks a summary, a description or tags", method, path)
			}
			for status, response := range op.Responses.Map() {
				for kind, content := range response.Value.Content {
					if len(content.Examples) == 0 {
						t.Errorf("%s %s %s: %s has no example", method, path, status, kind)
					}
				}
			}
		}
	}
}

// TestContractIsForEveryReader holds what other readers than ours stumble over: members that nothing explains, defaults
// that are not true of an update or an answer, and words of one generator.
func TestContractIsForEveryReader(t *testing.T) {
	c := theContract(t)
	for name, ref := range c.doc.Components.Schemas {
		if ref.Value.Description == "" {
			t.Errorf("%s has no description", name)
		}
		for member, property := range ref.Value.Properties {
			if property.Value.Description == "" || property.Value.Default != nil {
				t.Errorf("%s.%s: described as %q, with the default %v", name, member, property.Value.Description, property.Value.Default)
			}
		}
	}
	for _, word := range []string{"<<:", "x-go-", "default:", "&", "*"} {
		for line := range strings.Lines(string(reimport.Spec)) {
			if at := strings.Index(line, word); at >= 0 && (len(word) > 1 || strings.HasSuffix(line[:at], ": ") || strings.HasSuffix(line[:at], "- ")) {
				t.Errorf("%s in %s", word, strings.TrimSpace(line))
			}
		}
	}
	if example := c.doc.Components.Parameters["DryRun"].Value.Example; example != nil {
		t.Errorf("the reference would send dry_run %v by itself", example)
	}
}
