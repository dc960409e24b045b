package conform

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// value is something to put where a schema is, and whether the schema takes it.
type value struct {
	what  string
	json  string
	valid bool
}

// valuesOf returns values at and beyond each bound of a schema, in a stable order.
func valuesOf(s *openapi3.Schema) []value {
	var all []value
	switch {
	case len(s.OneOf) > 0:
		all = alternatives(s)
	case len(s.Enum) > 0:
		all = words(s)
	case s.Type.Is(openapi3.TypeInteger):
		all = append(numbers(s), value{"a fraction", "1.5", false})
	case s.Type.Is(openapi3.TypeNumber):
		all = numbers(s)
	case s.Type.Is(openapi3.TypeBoolean):
		all = []value{{"true", "true", true}, {"false", "false", true}}
	case s.Type.Is(openapi3.TypeString):
		all = strs(s)
	case s.Type.Is(openapi3.TypeArray):
		all = lists(s)
	default:
		all = objects(s, s.Example)
	}
	all = append(all, wrongTypes(s)...)
	return append(all, value{"null", "null", s.Nullable})
}

func words(s *openapi3.Schema) (all []value) {
	for _, word := range s.Enum {
		all = append(all, value{fmt.Sprint(word), inJSON(word), true})
	}
	return append(all,
		value{"no word of the list", `"nosuchword"`, false},
		value{"a word in upper case", strings.ToUpper(inJSON(s.Enum[0])), strings.ToUpper(inJSON(s.Enum[0])) == inJSON(s.Enum[0])})
}

func numbers(s *openapi3.Schema) (all []value) {
	at := func(what string, n float64, valid bool) {
		all = append(all, value{what, strconv.FormatFloat(n, 'f', -1, 64), valid})
	}
	if s.Min == nil || s.Max == nil {
		at("a number", 5, true)
	}
	if s.Min != nil {
		at("its minimum", *s.Min, true)
		at("below its minimum", *s.Min-1, false)
	}
	if s.Max != nil {
		at("its maximum", *s.Max, true)
		// The next number that a double holds: 2^53 has no neighbour at a distance of 1.
		all = append(all, value{"above its maximum", strconv.FormatInt(int64(*s.Max)+1, 10), false})
	}
	return all
}

func strs(s *openapi3.Schema) (all []value) {
	of := func(what string, n uint64, valid bool) {
		all = append(all, value{what, inJSON(strings.Repeat("a", int(n))), valid}) //nolint:gosec // a length of the contract
	}
	if s.Pattern != "" {
		all = append(all, value{"a text that its pattern refuses", `"-a-"`, false}, value{"another one", `"a b"`, false})
	}
	of("a short text", max(s.MinLength, 1), true)
	if s.MinLength > 0 {
		of("shorter than its minimum", s.MinLength-1, false)
	} else if s.Pattern == "" {
		of("an empty text", 0, true)
	}
	if s.MaxLength != nil {
		of("as long as its maximum", *s.MaxLength, true)
		of("longer than its maximum", *s.MaxLength+1, false)
	}
	return all
}

// wrongTypes are values of two other types.
func wrongTypes(s *openapi3.Schema) []value {
	switch {
	case s.Type.Is(openapi3.TypeString):
		return []value{{"a number", "1", false}, {"a list", "[]", false}}
	case s.Type.Is(openapi3.TypeInteger), s.Type.Is(openapi3.TypeNumber):
		return []value{{"a number in a text", `"1"`, false}, {"true", "true", false}}
	case s.Type.Is(openapi3.TypeBoolean):
		return []value{{"true in a text", `"true"`, false}, {"a number", "1", false}}
	case s.Type.Is(openapi3.TypeArray):
		return []value{{"an object", "{}", false}, {"a text", `"a"`, false}}
	}
	return []value{{"a list", "[]", false}, {"a text", `"a"`, false}}
}

func lists(s *openapi3.Schema) []value {
	items := valuesOf(s.Items.Value)
	i := slices.IndexFunc(items, func(v value) bool { return v.valid && v.json != "null" })
	of := func(n uint64) string {
		return "[" + strings.TrimSuffix(strings.Repeat(items[i].json+",", int(n)), ",") + "]" //nolint:gosec // a length of the contract
	}
	all := []value{{"one item", of(1), true}, {"no items", "[]", s.MinItems == 0}}
	if s.MaxItems != nil {
		all = append(all, value{"as many items as it takes", of(*s.MaxItems), true}, value{"one item too many", of(*s.MaxItems + 1), false})
	}
	for _, item := range items {
		all = append(all, value{"an item: " + item.what, "[" + item.json + "]", item.valid})
	}
	return all
}

// alternatives are the values of each schema that a discriminator picks.
func alternatives(s *openapi3.Schema) (all []value) {
	d := s.Discriminator
	names := slices.SortedFunc(maps.Keys(d.Mapping), func(a, b string) int {
		if a == "url" || b == "url" { // which all servers fetch
			return strings.Compare(b, a)
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		ref := slices.IndexFunc(s.OneOf, func(r *openapi3.SchemaRef) bool { return r.Ref == d.Mapping[name].Ref })
		for _, v := range objects(s.OneOf[ref].Value, s.OneOf[ref].Value.Example) {
			all = append(all, value{name + ", " + v.what, v.json, v.valid})
		}
		if i == 0 {
			all = append(all, value{"of no type", "{}", false}, value{"of an unknown type", fmt.Sprintf(`{%q: "nosuchtype"}`, d.PropertyName), false})
		}
	}
	return all
}

// objects are an example with one member changed at a time.
func objects(s *openapi3.Schema, example any) []value {
	base, _ := example.(map[string]any)
	with := func(name, text string) string { return member(base, name, text) }
	all := []value{{"as in the example", inJSON(orEmpty(base)), true}}
	if len(s.Properties) == 0 {
		return append(all, value{"with a member", `{"a": 1}`, true})
	}
	all = append(all, value{"with an unknown member", with("no_such_member", "1"), false})
	if s.Not != nil {
		both := maps.Clone(base)
		for _, name := range s.Not.Value.Required {
			both[name] = "a"
		}
		all = append(all, value{"with " + strings.Join(s.Not.Value.Required, " and "), inJSON(both), false})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) {
			less := maps.Clone(base)
			delete(less, name)
			all = append(all, value{name + " is missing", inJSON(less), false})
		}
		all = append(all, twice(name, base[name], func(text string) string { return with(name, text) })...)
		for _, v := range valuesOf(s.Properties[name].Value) {
			all = append(all, value{name + ": " + v.what, with(name, v.json), v.valid})
		}
	}
	return all
}

// twice gives a member that is in an object a second time.
func twice(name string, is any, with func(string) string) []value {
	if is == nil {
		return nil
	}
	return []value{{name + " is given twice", with(inJSON(is) + `, "` + name + `": ` + inJSON(is)), false}}
}

// member is a JSON object with the text of one member, which comes last.
func member(base map[string]any, name, text string) string {
	var b strings.Builder
	b.WriteByte('{')
	for _, other := range slices.Sorted(maps.Keys(base)) {
		if other != name {
			fmt.Fprintf(&b, "%q: %s, ", other, inJSON(base[other]))
		}
	}
	fmt.Fprintf(&b, "%q: %s}", name, text)
	return b.String()
}

func orEmpty(o map[string]any) map[string]any {
	if o == nil {
		return map[string]any{}
	}
	return o
}
