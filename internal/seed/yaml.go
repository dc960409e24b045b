package seed

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// reader decodes YAML and remembers where it is, because a refusal names file, line and field, and the yaml package's
// own errors name Go's types.
type reader struct{ file string }

func (r reader) refuse(line int, field, expected string) error {
	return &Error{File: r.file, Line: line, Field: field, Expected: expected}
}

// mapping reads node into the struct that out points to, by the fields' yaml tags.
func (r reader) mapping(node *yaml.Node, name string, out any) error {
	if node.Kind != yaml.MappingNode {
		return r.refuse(node.Line, name, "a mapping")
	}
	target := reflect.ValueOf(out).Elem()
	// A struct with a field Line learns where it stands, so that a later check can say so.
	if line := target.FieldByName("Line"); line.IsValid() {
		line.SetInt(int64(node.Line))
	}
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field := fieldByTag(target, key.Value)
		if !field.IsValid() || seen[key.Value] {
			return r.refuse(key.Line, path(name, key.Value), "a field that exists, given once")
		}
		seen[key.Value] = true
		if err := r.value(value, path(name, key.Value), field); err != nil {
			return err
		}
	}
	return nil
}

func (r reader) value(node *yaml.Node, name string, field reflect.Value) error {
	switch {
	case field.Kind() == reflect.Slice && node.Kind != yaml.SequenceNode:
		return r.refuse(node.Line, name, "a list")
	case field.Kind() == reflect.Slice:
		list := reflect.MakeSlice(field.Type(), len(node.Content), len(node.Content))
		for i, item := range node.Content {
			if err := r.value(item, fmt.Sprintf("%s[%d]", name, i), list.Index(i)); err != nil {
				return err
			}
		}
		field.Set(list)
		return nil
	case field.Kind() == reflect.Struct:
		return r.mapping(node, name, field.Addr().Interface())
	}
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" || node.Decode(field.Addr().Interface()) != nil {
		return r.refuse(node.Line, name, kinds[field.Kind()])
	}
	return nil
}

var kinds = map[reflect.Kind]string{
	reflect.Bool: "true or false", reflect.Int: "an integer", reflect.Int64: "an integer", reflect.Float64: "a number", reflect.String: "a string",
}

func fieldByTag(target reflect.Value, tag string) reflect.Value {
	for i := range target.NumField() {
		if tag != "-" && target.Type().Field(i).Tag.Get("yaml") == tag {
			return target.Field(i)
		}
	}
	return reflect.Value{}
}

func path(parent, field string) string {
	if parent == "" {
		return field
	}
	return parent + "." + field
}
