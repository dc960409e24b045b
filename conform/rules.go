package conform

import (
	"strconv"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
)

// rules is the contract with its schemas in the form that checks need.
type rules struct {
	contract  *contract.Contract
	requests  map[string]*openapi3.Schema // by operation
	responses map[responseOf]*openapi3.Schema
	shown     map[string]bool // the members that GET shows of a database
}

type responseOf struct {
	operation string
	status    int
}

// theRules is part of the parsed contract.
var theRules = sync.OnceValue(func() *rules {
	c, err := contract.Load()
	if err != nil {
		panic(err) // it is part of the binary
	}
	r := &rules{c, map[string]*openapi3.Schema{}, map[responseOf]*openapi3.Schema{}, map[string]bool{}}
	for _, op := range c.Operations {
		if body := op.Spec.RequestBody; body != nil {
			r.requests[op.ID] = contract.Closed(body.Value.Content.Get(jsonType).Schema.Value)
		}
		for status, response := range op.Spec.Responses.Map() {
			if content := response.Value.Content.Get(jsonType); content != nil {
				n, _ := strconv.Atoi(status)
				r.responses[responseOf{op.ID, n}] = contract.Closed(content.Schema.Value)
			}
		}
	}
	for name := range contract.Merged(c.Doc.Components.Schemas["BDB"].Value).Properties {
		r.shown[name] = true
	}
	return r
})
