package server

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"github.com/reimport/reimport"
)

// TestCheckAgreesWithAnother holds check against kin-openapi, over bodies that the schemas accept and over what becomes of
// them when something in them is another value: both accept them or name the same field.
func TestCheckAgreesWithAnother(t *testing.T) {
	theirs, err := openapi3.NewLoader().LoadFromData(reimport.Spec)
	if err != nil {
		t.Fatal(err)
	}
	ours := load(t)
	for _, name := range []string{"BDBCreate", "BDBUpdate", "ImportRequest"} {
		t.Run(name, func(t *testing.T) {
			own, other := closed(ours.Components.Schemas[name]), closedThere(theirs.Components.Schemas[name].Value)
			good := bodyOf(merged(ours.Components.Schemas[name]))
			accepted, refused := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				text, err := json.Marshal(spoil(t, good.Draw(t, "body")))
				if err != nil {
					t.Fatal(err)
				}
				value := decoded(t, text)
				here, there := own.check(value), other.VisitJSON(value, openapi3.VisitAsRequest())
				if (here == nil) != (there == nil) {
					t.Fatalf("%s: %+v, and elsewhere %v", text, here, there)
				}
				if here == nil {
					accepted++
					return
				}
				refused++
				var error *openapi3.SchemaError
				if errors.As(there, &error) {
					for inner := error; error.Origin != nil && errors.As(error.Origin, &inner); {
						error = inner
					}
				}
				if !slices.Equal(error.JSONPointer(), here.pointer()) {
					t.Fatalf("%s: %s of %v, and elsewhere %v", text, here.keyword, here.pointer(), there)
				}
			})
			if accepted == 0 || refused == 0 {
				t.Errorf("%d accepted, %d refused", accepted, refused)
			}
		})
	}
}

// odd are values that many schemas do not accept.
var odd = []any{
	nil, true, "", "x", "-", "true", "mount_point", "s3", -1, 0, 1, 1.5, json.Number("1e300"), json.Number("9007199254740993"), []any{}, []any{nil}, []any{"x"},
	map[string]any{}, map[string]any{"type": "gs"}, map[string]any{"type": 1}, map[string]any{"x": 1},
}

// spoil changes a value at one place, or not at all.
func spoil(t *rapid.T, value any) any {
	switch rapid.IntRange(0, 5).Draw(t, "spoil") {
	case 0:
		return value
	case 1:
		return rapid.SampledFrom(odd).Draw(t, "odd")
	}
	switch value := value.(type) {
	case map[string]any:
		names := append(slices.Sorted(maps.Keys(value)), "another")
		name := rapid.SampledFrom(names).Draw(t, "name")
		changed := maps.Clone(value)
		if changed[name] = spoil(t, value[name]); rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
			delete(changed, name)
		}
		return changed
	case []any:
		if len(value) > 0 {
			i := rapid.IntRange(0, len(value)-1).Draw(t, "index")
			changed := slices.Clone(value)
			changed[i] = spoil(t, value[i])
			return changed
		}
	}
	return value
}

// mergedThere and its like do to the schemas of kin-openapi what merged and closed do to those of the server.
func mergedThere(s *openapi3.Schema) *openapi3.Schema {
	m := *s
	m.AllOf, m.Properties, m.Required = nil, maps.Clone(s.Properties), slices.Clone(s.Required)
	if m.Properties == nil {
		m.Properties = openapi3.Schemas{}
	}
	for _, ref := range s.AllOf {
		part := mergedThere(ref.Value)
		maps.Copy(m.Properties, part.Properties)
		m.Required = append(m.Required, part.Required...)
		m.Type = part.Type
		m.MinProps = max(m.MinProps, part.MinProps)
	}
	return &m
}

func closedThere(s *openapi3.Schema) *openapi3.Schema {
	c := mergedThere(s)
	for name, ref := range c.Properties {
		c.Properties[name] = closedRefThere(ref)
	}
	if len(c.Properties) > 0 {
		c.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
	}
	c.Items = closedRefThere(s.Items)
	c.OneOf = slices.Clone(s.OneOf)
	for i, ref := range c.OneOf {
		c.OneOf[i] = closedRefThere(ref)
	}
	return c
}

func closedRefThere(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if ref == nil {
		return nil
	}
	return &openapi3.SchemaRef{Ref: ref.Ref, Value: closedThere(ref.Value)}
}
