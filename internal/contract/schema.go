package contract

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Merged returns the schema with the members of all schemas that it is composed of.
func Merged(s *openapi3.Schema) *openapi3.Schema {
	m := *s
	m.AllOf, m.Properties, m.Required = nil, maps.Clone(s.Properties), slices.Clone(s.Required)
	if m.Properties == nil {
		m.Properties = openapi3.Schemas{}
	}
	for _, ref := range s.AllOf {
		part := Merged(ref.Value)
		maps.Copy(m.Properties, part.Properties)
		m.Required = append(m.Required, part.Required...)
		m.Type = part.Type
		m.MinProps = max(m.MinProps, part.MinProps)
	}
	return &m
}

// Closed returns the schema of a request with the rule of the contract that names which are not listed are refused, at
// any depth. Composition and additionalProperties cannot say so together.
func Closed(s *openapi3.Schema) *openapi3.Schema {
	c := Merged(s)
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
	if ref == nil || isPlain(ref.Value) {
		return ref
	}
	return &openapi3.SchemaRef{Ref: ref.Ref, Value: Closed(ref.Value)}
}

// isPlain reports whether s has nothing that Closed changes. Most schemas are plain, and a copy takes a kilobyte.
func isPlain(s *openapi3.Schema) bool {
	return len(s.AllOf) == 0 && len(s.Properties) == 0 && len(s.OneOf) == 0 && s.Items == nil
}

// FreeForm reports whether the contract leaves open what an object, or the objects of a list, hold.
func FreeForm(ref *openapi3.SchemaRef) bool {
	switch {
	case ref == nil:
		return false
	case ref.Value.Items != nil:
		return FreeForm(ref.Value.Items)
	}
	return ref.Value.Type.Is(openapi3.TypeObject) && len(ref.Value.Properties) == 0
}
