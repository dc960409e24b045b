package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
)

// explain turns the validator library's error, which quotes schemas and values, into a refusal that names the field
// and what was expected of it.
func (b *bodyRules) explain(err error) error {
	var schema *openapi3.SchemaError
	if !errors.As(err, &schema) {
		return err
	}
	e := contract.Innermost(schema)
	field := contract.Path(e.JSONPointer())
	switch e.SchemaField {
	case "required":
		return b.explainMissing(field, e.Schema.Properties[last(e.JSONPointer())])
	case "properties":
		return b.explainExtra(e)
	}
	if field == "" {
		field = "body"
	}
	return refuse(errSchema, field+": expected "+contract.Expected(e.Schema))
}

func (b *bodyRules) explainMissing(field string, schema *openapi3.SchemaRef) error {
	description := field + ": missing"
	if schema != nil {
		description += ", expected " + contract.Expected(schema.Value)
	}
	if kind, ok := b.missing[field]; ok {
		return refuse(kind, description)
	}
	return refuse(errMissingField, description)
}

// explainExtra names the field that the schema does not have; the library tells it in a sentence only.
func (b *bodyRules) explainExtra(e *openapi3.SchemaError) error {
	object, _ := e.Value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if e.Schema.Properties[name] != nil {
			continue
		}
		if len(e.JSONPointer()) == 0 && b.readOnly[name] {
			return refuse(errSchema, name+": read-only, or fixed at creation")
		}
		field := contract.Path(append(e.JSONPointer(), fmt.Sprintf("%.64q", name)))
		return refuse(errSchema, field+": expected no such field")
	}
	return refuse(errSchema, contract.Path(e.JSONPointer())+": expected fewer fields")
}

func last(pointer []string) string {
	if len(pointer) == 0 {
		return ""
	}
	return pointer[len(pointer)-1]
}
