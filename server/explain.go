package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// explain turns a violation into a refusal that names the field and what was expected of it, never the value.
func (b *bodyRules) explain(v *violation) error {
	pointer := v.pointer()
	field := fieldPath(pointer)
	switch v.keyword {
	case "required":
		return b.explainMissing(field, v.schema.Properties[last(pointer)])
	case "properties":
		return b.explainExtra(v)
	}
	if field == "" {
		field = "body"
	}
	return refuse(errSchema, field+": expected "+expected(v.schema))
}

func (b *bodyRules) explainMissing(field string, schema *schema) error {
	description := field + ": missing"
	if schema != nil {
		description += ", expected " + expected(schema)
	}
	if kind, ok := b.missing[field]; ok {
		return refuse(kind, description)
	}
	return refuse(errMissingField, description)
}

// explainExtra names the field that the schema does not have.
func (b *bodyRules) explainExtra(v *violation) error {
	object, _ := v.value.(map[string]any)
	pointer := v.pointer()
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if v.schema.Properties[name] != nil {
			continue
		}
		if len(pointer) == 0 && b.readOnly[name] {
			return refuse(errSchema, name+": read-only, or fixed at creation")
		}
		field := fieldPath(append(pointer, fmt.Sprintf("%.64q", name)))
		return refuse(errSchema, field+": expected no such field")
	}
	return refuse(errSchema, fieldPath(pointer)+": expected fewer fields")
}

func refuseParameter(name string, s *schema) error {
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
func expected(s *schema) string {
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
		return "not both of " + strings.Join(s.Not.Required, " and ")
	case s.Expected != "":
		return s.Expected
	case s.Type == "":
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

func expectedType(s *schema) string {
	switch {
	case s.Type == "integer", s.Type == "number":
		name := map[bool]string{true: "an integer", false: "a number"}[s.Type == "integer"]
		switch {
		case s.Minimum != nil && s.Maximum != nil:
			return fmt.Sprintf("%s from %.0f to %.0f", name, *s.Minimum, *s.Maximum)
		case s.Minimum != nil:
			return fmt.Sprintf("%s of at least %.0f", name, *s.Minimum)
		}
		return name
	case s.Type == "boolean":
		return "true or false"
	case s.Type == "array":
		return expectedList(s)
	case s.Type == "string" && s.MaxLength != nil:
		return fmt.Sprintf("a string of %d to %d characters", s.MinLength, *s.MaxLength)
	case s.Type == "string" && s.MinLength > 0:
		return "a string that is not empty"
	case s.Type == "string":
		return "a string"
	case s.MinProperties > 0:
		return fmt.Sprintf("an object with at least %d field", s.MinProperties)
	}
	return "an object"
}

func expectedList(s *schema) string {
	if s.MaxItems != nil {
		return fmt.Sprintf("a list of %d to %d items", s.MinItems, *s.MaxItems)
	}
	return fmt.Sprintf("a list of at least %d", s.MinItems)
}
