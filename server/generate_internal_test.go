package server

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"
)

// bodyOf generates objects that a schema accepts: its required members and some of the others.
func bodyOf(s *openapi3.Schema) *rapid.Generator[map[string]any] {
	names := slices.Sorted(maps.Keys(s.Properties))
	return rapid.Custom(func(t *rapid.T) map[string]any {
		object := map[string]any{}
		for _, name := range slices.Concat(s.Required, rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, min(6, len(names)), rapid.ID[string]).Draw(t, "names")) {
			object[name] = valueOf(s.Properties[name]).Draw(t, name)
		}
		return object
	})
}

// valueOf generates values that a schema of the contract accepts.
func valueOf(ref *openapi3.SchemaRef) *rapid.Generator[any] {
	s := ref.Value
	switch {
	case len(s.OneOf) > 0:
		return sourceOf(s)
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum)
	case s.Type.Is(openapi3.TypeBoolean):
		return rapid.Bool().AsAny()
	case s.Type.Is(openapi3.TypeInteger):
		return rapid.Int64Range(int64(*s.Min), int64(*s.Max)).AsAny()
	case s.Type.Is(openapi3.TypeNumber):
		return rapid.Map(rapid.IntRange(0, 1<<20), func(n int) any { return float64(n) / 8 })
	case s.Pattern != "":
		return rapid.StringMatching("[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?").AsAny()
	case s.Type.Is(openapi3.TypeString):
		return rapid.Map(rapid.StringN(1, 40, 120), func(text string) any { return strings.ToValidUTF8(text, "") + "x" })
	case s.Type.Is(openapi3.TypeArray):
		return rapid.Map(rapid.SliceOfN(valueOf(s.Items), 1, 3), func(list []any) any { return list })
	case len(s.Properties) > 0:
		return rapid.Map(bodyOf(s), func(object map[string]any) any { return object })
	}
	return rapid.Map(rapid.MapOfN(rapid.StringMatching("[A-Za-z_ É]{1,8}"), rapid.SampledFrom([]any{nil, true, "<&>", json.Number("9007199254740993"), json.Number("1.50"), []any{}}), 0, 4),
		func(object map[string]any) any { return object })
}

// sourceOf generates sources of each type. Those of Azure have one secret.
func sourceOf(s *openapi3.Schema) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		one := rapid.SampledFrom(s.OneOf).Draw(t, "type").Value
		source := bodyOf(one).Draw(t, "source")
		source["type"] = one.Properties["type"].Value.Enum[0]
		if one.Not != nil {
			delete(source, "sas_token")
		}
		return source
	})
}
