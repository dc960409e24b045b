// Package contract is openapi.yaml as a program reads it: its operations, and which of them a request asks for.
package contract

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport"
)

// Contract is openapi.yaml. Nobody may change it, as all of a process share it.
type Contract struct {
	Doc        *openapi3.T
	Operations []*Operation // by ascending ID
}

// Operation is one operation of the contract.
type Operation struct {
	ID       string
	Method   string
	Path     string // a template, such as /v1/bdbs/{uid}
	Item     *openapi3.PathItem
	Spec     *openapi3.Operation
	segments []string

	path  map[string]*openapi3.Schema
	query map[string]*openapi3.Parameter
}

// Load returns the contract. It reads it once in a process, which takes a while.
var Load = sync.OnceValues(func() (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(reimport.SpecJSON)
	if err != nil {
		return nil, err
	}
	return Of(doc), nil
})

// Of returns the contract in doc.
func Of(doc *openapi3.T) *Contract {
	c := &Contract{Doc: doc}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			c.Operations = append(c.Operations, newOperation(path, method, item, o))
		}
	}
	slices.SortFunc(c.Operations, func(a, b *Operation) int { return cmp.Compare(a.ID, b.ID) })
	return c
}

// Operation returns the operation with an id, or nil.
func (c *Contract) Operation(id string) *Operation {
	i, found := slices.BinarySearchFunc(c.Operations, id, func(o *Operation, id string) int { return cmp.Compare(o.ID, id) })
	if !found {
		return nil
	}
	return c.Operations[i]
}

// Find returns the operation that a method and an escaped path ask for and the unescaped parameters of the path, or nil. A
// HEAD asks for what a GET does.
func (c *Contract) Find(method, escapedPath string) (*Operation, map[string]string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(escapedPath, "/")
	for _, o := range c.Operations {
		if o.Method != method {
			continue
		}
		if params, ok := o.match(segments); ok {
			return o, params
		}
	}
	return nil, nil
}

func (o *Operation) match(segments []string) (params map[string]string, ok bool) {
	if len(segments) != len(o.segments) {
		return nil, false
	}
	for i, want := range o.segments { // most differ here
		if given := segments[i]; given != want && !strings.HasPrefix(want, "{") {
			return nil, false
		}
	}
	params = map[string]string{}
	for i, want := range o.segments {
		given := segments[i]
		if name, isParam := strings.CutPrefix(want, "{"); isParam {
			value, err := url.PathUnescape(given)
			if err != nil || given == "" {
				return nil, false
			}
			params[strings.TrimSuffix(name, "}")] = value
		}
	}
	return params, true
}
