package server

import (
	"fmt"
	"maps"
	"slices"
)

func newBodyRules(doc *document, given *requestBody) (*bodyRules, error) {
	schema, err := given.json()
	if err != nil {
		return nil, err
	}
	b := &bodyRules{required: given.Required, schema: closed(schema), readOnly: map[string]bool{}, missing: map[string]error{}}
	for name := range merged(doc.Components.Schemas["BDB"]).Properties {
		b.readOnly[name] = b.schema.Properties[name] == nil
	}
	for name, code := range schema.MissingErrorCodes {
		i := slices.IndexFunc(answers, func(a answer) bool { return string(a.code) == code })
		if i < 0 {
			return nil, fmt.Errorf("x-missing-error-codes: %s: expected an error code that has an answer", name)
		}
		b.missing[name] = answers[i].err
	}
	return b, nil
}

// merged returns the schema with the members of all schemas that it is composed of.
func merged(s *schema) *schema {
	m := *s
	m.AllOf, m.Properties, m.Required = nil, maps.Clone(s.Properties), slices.Clone(s.Required)
	if m.Properties == nil {
		m.Properties = map[string]*schema{}
	}
	for _, part := range s.AllOf {
		part := merged(part)
		maps.Copy(m.Properties, part.Properties)
		m.Required = append(m.Required, part.Required...)
		m.Type = part.Type
		m.MinProperties = max(m.MinProperties, part.MinProperties)
	}
	return &m
}

// closed returns the schema of a request with the rule of the contract that names which are not listed are refused, at
// any depth. Composition and additionalProperties cannot say so together.
func closed(s *schema) *schema {
	if s == nil {
		return nil
	}
	c := merged(s)
	for name, property := range c.Properties {
		c.Properties[name] = closed(property)
	}
	if len(c.Properties) > 0 {
		c.AdditionalProperties = new(bool)
	}
	c.Items = closed(s.Items)
	if s.Discriminator != nil {
		d := *s.Discriminator
		d.schemas = maps.Clone(d.schemas)
		for value, alternative := range d.schemas {
			d.schemas[value] = closed(alternative)
		}
		c.Discriminator = &d
	}
	return c
}

// isFreeForm reports whether the contract leaves open what an object, or the objects of a list, hold.
func isFreeForm(s *schema) bool {
	switch {
	case s == nil:
		return false
	case s.Items != nil:
		return isFreeForm(s.Items)
	}
	return s.Type == "object" && len(s.Properties) == 0
}
