package server

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// violation is where a value is not what its schema says.
type violation struct {
	path    []string // innermost name or index first
	keyword string   // of the schema
	schema  *schema
	value   any
}

func (s *schema) violated(keyword string, value any) *violation {
	return &violation{keyword: keyword, schema: s, value: value}
}

// within adds the name or index under which the value stands.
func (v *violation) within(name string) *violation {
	if v != nil {
		v.path = append(v.path, name)
	}
	return v
}

// pointer returns the path, outermost first.
func (v *violation) pointer() []string {
	path := slices.Clone(v.path)
	slices.Reverse(path)
	return path
}

// check holds a value, as decode returns it, against the schema. It returns the first violation, nil if there is none.
func (s *schema) check(value any) *violation {
	if value == nil && s.Nullable {
		return nil
	}
	if s.Not != nil && s.Not.check(value) == nil {
		return s.violated("not", value)
	}
	for _, part := range s.AllOf {
		if v := part.check(value); v != nil {
			return v
		}
	}
	if s.Discriminator != nil {
		if v := s.checkAlternative(value); v != nil {
			return v
		}
	}
	if len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(allowed any) bool { return same(allowed, value) }) {
		return s.violated("enum", value)
	}
	switch value := value.(type) {
	case bool:
		return s.checkType(value, "boolean")
	case json.Number:
		return s.checkNumber(value)
	case string:
		return s.checkString(value)
	case []any:
		return s.checkArray(value)
	case map[string]any:
		return s.checkObject(value)
	}
	return s.violated("type", value)
}

func (s *schema) checkType(value any, kind string) *violation {
	if s.Type == "" || s.Type == kind {
		return nil
	}
	return s.violated("type", value)
}

func (s *schema) checkAlternative(value any) *violation {
	object, ok := value.(map[string]any)
	if !ok {
		return s.violated("discriminator", value)
	}
	name, _ := object[s.Discriminator.PropertyName].(string)
	if alternative := s.Discriminator.schemas[name]; alternative != nil {
		return alternative.check(value)
	}
	return s.violated("discriminator", value)
}

// same compares a value of the contract with one of a request. Numbers are doubles in the one and text in the other.
func same(allowed, value any) bool {
	if n, ok := value.(json.Number); ok {
		f, err := n.Float64()
		return err == nil && allowed == f
	}
	return allowed == value
}

func (s *schema) checkNumber(value json.Number) *violation {
	f, err := value.Float64()
	whole := f == math.Trunc(f)
	switch {
	case err != nil, s.Type != "" && s.Type != "number" && (s.Type != "integer" || !whole):
		return s.violated("type", value)
	case s.Minimum != nil && f < *s.Minimum:
		return s.violated("minimum", value)
	case s.Maximum != nil && f > *s.Maximum:
		return s.violated("maximum", value)
	}
	return nil
}

func (s *schema) checkString(value string) *violation {
	if v := s.checkType(value, "string"); v != nil {
		return v
	}
	length := utf8.RuneCountInString(value)
	switch {
	case length < s.MinLength:
		return s.violated("minLength", value)
	case s.MaxLength != nil && length > *s.MaxLength:
		return s.violated("maxLength", value)
	case s.pattern != nil && !s.pattern.MatchString(value):
		return s.violated("pattern", value)
	}
	return nil
}

func (s *schema) checkArray(value []any) *violation {
	if v := s.checkType(value, "array"); v != nil {
		return v
	}
	switch {
	case len(value) < s.MinItems:
		return s.violated("minItems", value)
	case s.MaxItems != nil && len(value) > *s.MaxItems:
		return s.violated("maxItems", value)
	case s.Items == nil:
		return nil
	}
	for i, item := range value {
		if v := s.Items.check(item); v != nil {
			return v.within(strconv.Itoa(i))
		}
	}
	return nil
}

func (s *schema) checkObject(value map[string]any) *violation {
	if v := s.checkType(value, "object"); v != nil {
		return v
	}
	if len(value) < s.MinProperties {
		return s.violated("minProperties", value)
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		property := s.Properties[name]
		switch {
		case property != nil:
			if v := property.check(value[name]); v != nil {
				return v.within(name)
			}
		case s.AdditionalProperties != nil && !*s.AdditionalProperties:
			return s.violated("properties", value)
		}
	}
	for _, name := range s.Required {
		if _, ok := value[name]; !ok {
			return s.violated("required", value).within(name)
		}
	}
	return nil
}
