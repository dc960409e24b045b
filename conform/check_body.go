package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
)

const jsonType = "application/json"

// verdict is what to say of a member that the contract does not list, nothing if it is zero.
type verdict struct {
	expected string
	noted    bool
}

// checkValue holds a decoded value against a schema. base is the path of the value in the body.
func (p *check) checkValue(schema *openapi3.Schema, base []string, value any, unlisted func(pointer []string, name string) verdict) {
	visit := openapi3.VisitAsResponse()
	if p.direction == Request {
		visit = openapi3.VisitAsRequest()
	}
	reported := map[string]bool{}
	for _, e := range flatten(schema.VisitJSON(value, visit, openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails())) {
		pointer := append(slices.Clone(base), e.JSONPointer()...)
		at := contract.Path(pointer)
		if reported[at] {
			continue // a composition tells it more than once
		}
		reported[at] = true
		switch e.SchemaField {
		case "properties":
			p.addUnlisted(e, base, unlisted)
		case "required":
			name := pointer[len(pointer)-1]
			p.add(at, wanted(e.Schema.Properties[name]), "nothing", described(e.Schema.Properties[name]), false)
		case "writeOnly":
			p.add(at, "no such member in a response", kind(e.Value), e.Schema.Description, false)
		default:
			p.add(at, contract.Expected(e.Schema), found(e.Schema, e.Value), e.Schema.Description, false)
		}
	}
}

// addUnlisted names all members of an object that its schema does not have.
func (p *check) addUnlisted(e *openapi3.SchemaError, base []string, unlisted func([]string, string) verdict) {
	object, _ := e.Value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if e.Schema.Properties[name] == nil {
			pointer := append(slices.Clone(base), e.JSONPointer()...)
			v := unlisted(pointer, name)
			if v.expected == "" {
				continue
			}
			p.add(contract.Path(append(pointer, fmt.Sprintf("%.64q", name))), v.expected, kind(object[name]), "", v.noted)
		}
	}
}

func (p *check) addMismatch(err error) {
	var m *contract.Mismatch
	if errors.As(err, &m) {
		p.add(m.Where, m.Expected, "something else", "", false)
	}
}

// flatten returns the errors about single places in an error of the library, those of alternatives included.
func flatten(err error) []*openapi3.SchemaError {
	var all []*openapi3.SchemaError
	switch e := err.(type) { //nolint:errorlint // the library's tree, node by node
	case openapi3.MultiError:
		for _, inner := range e {
			all = append(all, flatten(inner)...)
		}
	case *openapi3.SchemaError:
		var inner openapi3.MultiError
		if errors.As(e.Origin, &inner) {
			return flatten(inner)
		}
		return []*openapi3.SchemaError{e}
	}
	return all
}

func wanted(ref *openapi3.SchemaRef) string {
	if ref == nil {
		return "this member"
	}
	return contract.Expected(ref.Value)
}

func described(ref *openapi3.SchemaRef) string {
	if ref == nil {
		return ""
	}
	return ref.Value.Description
}

// found shows a value if it cannot be a secret: a text only if the schema has a list of words or a pattern.
func found(s *openapi3.Schema, value any) string {
	text, isText := value.(string)
	switch {
	case s.WriteOnly || s.Format == "password":
		return kind(value)
	case isText && (len(s.Enum) > 0 || s.Pattern != "" && !strings.Contains(text, "/")):
		return strconv.Quote(shortened(text))
	case isText:
		return kind(value)
	}
	switch value.(type) {
	case float64, bool:
		return fmt.Sprint(value)
	}
	return kind(value)
}

// kind is what a value is, without the value.
func kind(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number, float64: // the library makes one of the other
		return "a number"
	case string:
		if v == "" {
			return "an empty string"
		}
		return "a string"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	}
	return "an object"
}
