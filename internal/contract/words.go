package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Mismatch is a place where something is not as the contract says.
type Mismatch struct {
	Where    string // such as dry_run, body or dataset_import_sources[0].path
	Expected string // such as "an integer from 1 to 5"
}

func (m *Mismatch) Error() string { return m.Where + ": expected " + m.Expected }

// Innermost follows the errors of alternatives, which a discriminator has reduced to one, to the one about a field.
func Innermost(schema *openapi3.SchemaError) *openapi3.SchemaError {
	var inner *openapi3.SchemaError
	if schema.Origin != nil && errors.As(schema.Origin, &inner) {
		return Innermost(inner)
	}
	return schema
}

// Path writes a pointer as people do: dataset_import_sources[0].path.
func Path(pointer []string) string {
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

// Expected says in words what a schema asks for.
func Expected(s *openapi3.Schema) string {
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
