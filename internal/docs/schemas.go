package docs

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// field is a parameter or a field of a schema.
type field struct {
	Name, Where, Type, Default, Meaning string
	Required                            bool
}

// schema is a component of the contract.
type schema struct {
	Name, Text, Type string
	Fields           []field
	OneOf            []string
}

// schemas are the components but those of a database, which have a table of their own, and the error codes.
func schemas(doc *openapi3.T) (all []schema) {
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		if strings.HasPrefix(name, "BDB") && name != "BDBStatus" || name == "ErrorCode" || isPlain(doc.Components.Schemas[name].Value) {
			continue
		}
		s := doc.Components.Schemas[name].Value
		d := schema{Name: name, Text: strings.TrimSpace(s.Description), Fields: fields(s.Properties, s.Required)}
		if len(s.Properties) == 0 && len(s.OneOf) == 0 {
			d.Type = typeOf(&openapi3.SchemaRef{Value: s})
		}
		for _, one := range s.OneOf {
			d.OneOf = append(d.OneOf, nameOf(one))
		}
		all = append(all, d)
	}
	return all
}

// settings are all fields of a database, when each may be set, and what a new database has.
func settings(doc *openapi3.T) []field {
	named := func(name string) *openapi3.Schema { return doc.Components.Schemas[name].Value }
	create, update := properties(named("BDBCreate")), properties(named("BDBUpdate"))
	initial, _ := doc.Components.Examples["NewBDB"].Value.Value.(map[string]any)
	all := fields(properties(named("BDB")), nil)
	for i, f := range all {
		all[i].Where = "read only"
		if create[f.Name] != nil {
			all[i].Where = "create"
		}
		if update[f.Name] != nil {
			all[i].Where = "create, update"
		}
		if value, ok := initial[f.Name]; ok && all[i].Where != "read only" && !given[f.Name] {
			all[i].Default = "`" + compact(value) + "`"
		}
	}
	return all
}

// given are the members of the example of a new database that the database's creation gave it.
var given = map[string]bool{"uid": true, "name": true, "memory_size": true, "module_list": true}

// properties are those of a schema and of the schemas that it is composed of.
func properties(s *openapi3.Schema) openapi3.Schemas {
	all := maps.Clone(s.Properties)
	if all == nil {
		all = openapi3.Schemas{}
	}
	for _, part := range s.AllOf {
		maps.Copy(all, properties(part.Value))
	}
	return all
}

// fields are those of an object, the required first.
func fields(properties openapi3.Schemas, required []string) (all []field) {
	for name, ref := range properties {
		all = append(all, describeField(name, ref, slices.Contains(required, name)))
	}
	slices.SortFunc(all, func(a, b field) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}

// isPlain reports whether a schema is only what several objects have as a member.
func isPlain(s *openapi3.Schema) bool {
	return len(s.Properties)+len(s.OneOf)+len(s.AllOf)+len(s.Enum) == 0 && s.Pattern == ""
}

func describeField(name string, ref *openapi3.SchemaRef, required bool) field {
	if isPlain(ref.Value) {
		ref = ref.Value.NewRef()
	}
	f := field{Name: name, Type: typeOf(ref), Required: required}
	if ref.Ref == "" {
		f.Meaning = ref.Value.Description
	}
	if ref.Value.WriteOnly {
		f.Meaning = strings.TrimPrefix(strings.TrimSuffix(f.Meaning, ".")+". Never returned.", ". ")
	}
	return f
}

func nameOf(ref *openapi3.SchemaRef) string {
	return ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:]
}

// typeOf says in words what a value may be.
func typeOf(ref *openapi3.SchemaRef) string {
	if ref.Ref != "" {
		return "[" + nameOf(ref) + "](#" + strings.ToLower(nameOf(ref)) + ")"
	}
	s := ref.Value
	switch {
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, word := range s.Enum {
			words[i] = "`" + fmt.Sprint(word) + "`"
			if word == "" {
				words[i] = "empty"
			}
		}
		return strings.Join(words, ", ")
	case s.Type == nil:
		return "any"
	case s.Type.Is(openapi3.TypeArray):
		// What an item of plain type may be does not fit into the same line.
		item, _, _ := strings.Cut(typeOf(s.Items), ",")
		if s.Items.Ref == "" && item != "any" {
			item += "s"
		}
		return "list of " + item + span(s.MinItems, s.MaxItems, " of them")
	case s.Type.Is(openapi3.TypeString):
		text := "string" + span(s.MinLength, s.MaxLength, " characters")
		if s.Pattern != "" {
			text += ", `" + s.Pattern + "`"
		}
		return text
	}
	return s.Type.Slice()[0] + bounds(s.Min, s.Max)
}

func span(least uint64, most *uint64, unit string) string {
	switch {
	case most != nil && least == 0:
		return fmt.Sprintf(", up to %d%s", *most, unit)
	case most != nil:
		return fmt.Sprintf(", %d to %d%s", least, *most, unit)
	case least == 1:
		return ", not empty"
	}
	return ""
}

func bounds(least, most *float64) string {
	const exact = 1<<53 - 1 // the largest integer that every JSON reader keeps
	switch {
	case least != nil && most != nil && *most == exact:
		return fmt.Sprintf(", %v to 2^53-1", *least)
	case least != nil && most != nil && *most == math.Trunc(*most):
		return fmt.Sprintf(", %.0f to %.0f", *least, *most)
	case least != nil:
		return fmt.Sprintf(", at least %v", *least)
	}
	return ""
}
