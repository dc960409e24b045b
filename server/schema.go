package server

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
)

func newBodyRules(doc *openapi3.T, given *openapi3.RequestBody) (*bodyRules, error) {
	schema := given.Content.Get("application/json").Schema.Value
	b := &bodyRules{required: given.Required, schema: contract.Closed(schema), readOnly: map[string]bool{}, missing: map[string]error{}}
	for name := range contract.Merged(doc.Components.Schemas["BDB"].Value).Properties {
		b.readOnly[name] = b.schema.Properties[name] == nil
	}
	codes, _ := schema.Extensions["x-missing-error-codes"].(map[string]any)
	for name, code := range codes {
		i := slices.IndexFunc(answers, func(a answer) bool { return string(a.code) == code })
		if i < 0 {
			return nil, fmt.Errorf("x-missing-error-codes: %s: expected an error code that has an answer", name)
		}
		b.missing[name] = answers[i].err
	}
	return b, nil
}
