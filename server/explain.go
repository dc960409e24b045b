package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// fieldNames knows the names that a refused body may need explained.
type fieldNames struct {
	readOnly map[string]bool   // fields of a bdb that a request may not give
	missing  map[string]string // error codes for fields that must be there, from x-missing-error-codes
}

func newFieldNames(doc *openapi3.T, op *openapi3.Operation) (*fieldNames, error) {
	f := &fieldNames{readOnly: map[string]bool{}, missing: map[string]string{}}
	schema := bodySchema(op)
	if schema == nil {
		return f, nil
	}
	for name := range doc.Components.Schemas["BDB"].Value.Properties {
		f.readOnly[name] = schema.Properties[name] == nil
	}
	codes, _ := schema.Extensions["x-missing-error-codes"].(map[string]any)
	for name, code := range codes {
		text, _ := code.(string)
		if !slices.ContainsFunc(answers, func(a answer) bool { return string(a.code) == text }) {
			return nil, fmt.Errorf("x-missing-error-codes: %s: expected an error code that has an answer", name)
		}
		f.missing[name] = text
	}
	return f, nil
}

func bodySchema(op *openapi3.Operation) *openapi3.Schema {
	if op.RequestBody == nil {
		return nil
	}
	return op.RequestBody.Value.Content.Get("application/json").Schema.Value
}

// explain turns the validator library's error, which quotes schemas and values, into a refusal that names the field
// and what was expected of it.
func (v *validator) explain(err error) error {
	if err == nil {
		return nil
	}
	var request *openapi3filter.RequestError
	if !errors.As(err, &request) {
		return err
	}
	if request.Parameter != nil {
		return v.refuseParameter(request.Parameter.Name)
	}
	var schema *openapi3.SchemaError
	if !errors.As(request.Err, &schema) {
		return refuse(errSchema, "body: expected a JSON object")
	}
	return v.explainBody(innermost(schema))
}

// innermost follows the errors of alternatives, which a discriminator has reduced to one, to the one about a field.
func innermost(schema *openapi3.SchemaError) *openapi3.SchemaError {
	var inner *openapi3.SchemaError
	if schema.Origin != nil && errors.As(schema.Origin, &inner) {
		return innermost(inner)
	}
	return schema
}

func (v *validator) explainBody(e *openapi3.SchemaError) error {
	field := fieldPath(e.JSONPointer())
	switch e.SchemaField {
	case "required":
		return v.explainMissing(field, e.Schema.Properties[last(e.JSONPointer())])
	case "properties":
		return v.explainExtra(e)
	}
	if field == "" {
		field = "body"
	}
	return refuse(errSchema, field+": expected "+expected(e.Schema))
}

func (v *validator) explainMissing(field string, schema *openapi3.SchemaRef) error {
	description := field + ": missing"
	if schema != nil {
		description += ", expected " + expected(schema.Value)
	}
	for _, a := range answers {
		if code := v.fields.missing[field]; code != "" && string(a.code) == code {
			return refuse(a.err, description)
		}
	}
	return refuse(errMissingField, description)
}

// explainExtra names the field that the schema does not have; the library tells it in a sentence only.
func (v *validator) explainExtra(e *openapi3.SchemaError) error {
	object, _ := e.Value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if e.Schema.Properties[name] != nil {
			continue
		}
		if len(e.JSONPointer()) == 0 && v.fields.readOnly[name] {
			return refuse(errSchema, name+": read-only, or fixed at creation")
		}
		field := fieldPath(append(e.JSONPointer(), fmt.Sprintf("%.64q", name)))
		return refuse(errSchema, field+": expected no such field")
	}
	return refuse(errSchema, fieldPath(e.JSONPointer())+": expected fewer fields")
}

func (v *validator) refuseParameter(name string) error {
	for _, parameters := range []openapi3.Parameters{v.route.PathItem.Parameters, v.route.Operation.Parameters} {
		for _, p := range parameters {
			if p.Value.Name == name {
				return refuse(errParameter, name+": expected "+expected(p.Value.Schema.Value))
			}
		}
	}
	return refuse(errParameter, name)
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
	case s.Pattern != "":
		// People read the description sooner than the expression.
		return strings.TrimSuffix(s.Description, ".")
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
