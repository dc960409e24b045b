package server

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

func newBodyRules(doc *openapi3.T, given *openapi3.RequestBody) (*bodyRules, error) {
	schema := given.Content.Get("application/json").Schema.Value
	b := &bodyRules{required: given.Required, schema: closed(schema), readOnly: map[string]bool{}, missing: map[string]error{}}
	for name := range merged(doc.Components.Schemas["BDB"].Value).Properties {
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

// merged returns the schema with the members of all schemas that it is composed of.
func merged(s *openapi3.Schema) *openapi3.Schema {
	m := *s
	m.AllOf, m.Properties, m.Required = nil, maps.Clone(s.Properties), slices.Clone(s.Required)
	if m.Properties == nil {
		m.Properties = openapi3.Schemas{}
	}
	for _, ref := range s.AllOf {
		part := merged(ref.Value)
		maps.Copy(m.Properties, part.Properties)
		m.Required = append(m.Required, part.Required...)
		m.Type = part.Type
		m.MinProps = max(m.MinProps, part.MinProps)
	}
	return &m
}

// closed returns the schema of a request with the rule of the contract that names which are not listed are refused, at
// any depth. Composition and additionalProperties cannot say so together.
func closed(s *openapi3.Schema) *openapi3.Schema {
	c := merged(s)
	for name, ref := range c.Properties {
		c.Properties[name] = closedRef(ref)
	}
	if len(c.Properties) > 0 {
		c.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
	}
	c.Items = closedRef(s.Items)
	c.OneOf = slices.Clone(s.OneOf)
	for i, ref := range c.OneOf {
		c.OneOf[i] = closedRef(ref)
	}
	return c
}

func closedRef(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if ref == nil {
		return nil
	}
	return &openapi3.SchemaRef{Ref: ref.Ref, Value: closed(ref.Value)}
}

// isFreeForm reports whether the contract leaves open what an object, or the objects of a list, hold.
func isFreeForm(ref *openapi3.SchemaRef) bool {
	switch {
	case ref == nil:
		return false
	case ref.Value.Items != nil:
		return isFreeForm(ref.Value.Items)
	}
	return ref.Value.Type.Is(openapi3.TypeObject) && len(ref.Value.Properties) == 0
}
