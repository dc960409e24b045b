package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// explain turns the validator library's error, which quotes schemas and values, into a refusal that names the field
// and what was expected of it.
func (b *bodyRules) explain(err error) error {
	var schema *openapi3.SchemaError
	if !errors.As(err, &schema) {
		return err
	}
	e := innermost(schema)
	field := fieldPath(e.JSONPointer())
	switch e.SchemaField {
	case "required":
		return b.explainMissing(field, e.Schema.Properties[last(e.JSONPointer())])
	case "properties":
		return b.explainExtra(e)
	}
	if field == "" {
		field = "body"
	}
	return refuse(errSchema, field+": expected "+expected(e.Schema))
}

// innermost follows the errors of alternatives, which a discriminator has reduced to one, to the one about a field.
func innermost(schema *openapi3.SchemaError) *openapi3.SchemaError {
	var inner *openapi3.SchemaError
	if schema.Origin != nil && errors.As(schema.Origin, &inner) {
		return innermost(inner)
	}
	return schema
}

func (b *bodyRules) explainMissing(field string, schema *openapi3.SchemaRef) error {
	description := field + ": missing"
	if schema != nil {
		description += ", expected " + expected(schema.Value)
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
		field := fieldPath(append(e.JSONPointer(), fmt.Sprintf("%.64q", name)))
		return refuse(errSchema, field+": expected no such field")
	}
	return refuse(errSchema, fieldPath(e.JSONPointer())+": expected fewer fields")
}

func refuseParameter(name string, s *openapi3.Schema) error {
	return refuse(errParameter, name+": expected "+expected(s))
}

// fieldPath writes a pointer as people do: dataset_import_sources[0].path.
func fieldPath(pointer []string) string {
	var b strings.Builder
	for _, part := range pointer {
		switch {
		case part != "" && strings.Trim(part, "0123456789") == "":
			fmt.Fprintf(&b, "[%s]", part)
		case b.Len() > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}

func last(pointer []string) string {
	if len(pointer) == 0 {
		return ""
	}
	return pointer[len(pointer)-1]
}

// expected says in words what a schema asks for.
func expected(s *openapi3.Schema) string {
	switch {
	case s.Discriminator != nil:
		names := make([]string, 0, len(s.Discriminator.Mapping))
		for name := range s.Discriminator.Mapping {
			names = append(names, name)
		}
		slices.Sort(names)
		return fmt.Sprintf("an object with %s one of %s", s.Discriminator.PropertyName, strings.Join(names, ", "))
	case len(s.Enum) > 0:
		return expectedEnum(s.Enum)
	case s.Not != nil:
		return "not both of " + strings.Join(s.Not.Value.Required, " and ")
	case s.Extensions["x-expected"] != nil:
		return fmt.Sprint(s.Extensions["x-expected"]) // what a pattern means
	case s.Type == nil:
		return "another value"
	}
	return expectedType(s)
}

func expectedEnum(values []any) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
		if value == "" {
			words[i] = "nothing"
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + strings.Join(words, ", ")
}

func expectedType(s *openapi3.Schema) string {
	switch {
	case s.Type.Is(openapi3.TypeInteger), s.Type.Is(openapi3.TypeNumber):
		name := map[bool]string{true: "an integer", false: "a number"}[s.Type.Is(openapi3.TypeInteger)]
		switch {
		case s.Min != nil && s.Max != nil:
			return fmt.Sprintf("%s from %.0f to %.0f", name, *s.Min, *s.Max)
		case s.Min != nil:
			return fmt.Sprintf("%s of at least %.0f", name, *s.Min)
		}
		return name
	case s.Type.Is(openapi3.TypeBoolean):
		return "true or false"
	case s.Type.Is(openapi3.TypeArray):
		return expectedList(s)
	case s.Type.Is(openapi3.TypeString) && s.MaxLength != nil:
		return fmt.Sprintf("a string of %d to %d characters", s.MinLength, *s.MaxLength)
	case s.Type.Is(openapi3.TypeString) && s.MinLength > 0:
		return "a string that is not empty"
	case s.Type.Is(openapi3.TypeString):
		return "a string"
	case s.MinProps > 0:
		return fmt.Sprintf("an object with at least %d field", s.MinProps)
	}
	return "an object"
}

func expectedList(s *openapi3.Schema) string {
	if s.MaxItems != nil {
		return fmt.Sprintf("a list of %d to %d items", s.MinItems, *s.MaxItems)
	}
	return fmt.Sprintf("a list of at least %d", s.MinItems)
}
