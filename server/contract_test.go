package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/reimport/reimport"
)

// contract is openapi.yaml and what has been seen of it.
type contract struct {
	doc    *openapi3.T
	router routers.Router

	mu   sync.Mutex
	seen map[string]bool // "operationId status"
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(reimport.Spec)
	if err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	return &contract{doc: doc, router: router, seen: map[string]bool{}}, err
})

func theContract(t testing.TB) *contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// check holds a response against the contract. openapi3filter.ValidateResponse alone misses bodies where none are
// declared, fields that no schema has, and garbage behind the JSON.
func (c *contract) check(r *http.Request, status int, header http.Header, body []byte) error {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return fmt.Errorf("%s %s is not in the contract: %w", r.Method, r.URL.Path, err)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(r.Context(), input); err != nil {
		return err
	}
	declared := route.Operation.Responses.Status(status)
	c.mu.Lock()
	c.seen[fmt.Sprintf("%s %d", route.Operation.OperationID, status)] = true
	c.mu.Unlock()
	if declared.Value.Content == nil {
		if len(body) > 0 || header.Get("Content-Type") != "" {
			return fmt.Errorf("%d of %s has no body, got %q of type %q", status, route.Operation.OperationID, body, header.Get("Content-Type"))
		}
		return nil
	}
	for name := range declared.Value.Headers {
		if header.Get(name) == "" {
			return fmt.Errorf("%d of %s lacks the header %s", status, route.Operation.OperationID, name)
		}
	}
	return checkFields(declared.Value.Content.Get("application/json").Schema.Value, body)
}

func checkFields(schema *openapi3.Schema, body []byte) error {
	if !json.Valid(body) {
		return fmt.Errorf("not one JSON value: %q", body)
	}
	if schema.Type.Is(openapi3.TypeArray) {
		var items []json.RawMessage
		if err := json.Unmarshal(body, &items); err != nil {
			return err
		}
		for _, item := range items {
			if err := checkFields(schema.Items.Value, item); err != nil {
				return err
			}
		}
		return nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return err
	}
	for name := range object {
		if !hasField(schema, name) {
			return fmt.Errorf("the contract has no field %s", name)
		}
	}
	return nil
}

func hasField(schema *openapi3.Schema, name string) bool {
	return schema.Properties[name] != nil || slices.ContainsFunc(schema.AllOf, func(part *openapi3.SchemaRef) bool { return hasField(part.Value, name) })
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
