package contract

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Flaw is the first place at which a value is not as its schema asks for.
type Flaw struct {
	Mismatch
	Missing bool   // the member is missing
	Extra   string // the name of a member of the value itself that its schema does not have
}

func (f *Flaw) Error() string {
	switch {
	case f.Missing && f.Expected == "":
		return f.Where + ": missing"
	case f.Missing:
		return f.Where + ": missing, expected " + f.Expected
	}
	return f.Mismatch.Error()
}

// FlawOf reads the validator library's error, which quotes schemas and values. It returns nil for any other.
func FlawOf(err error) *Flaw {
	var schema *openapi3.SchemaError
	if !errors.As(err, &schema) {
		return nil
	}
	e := Innermost(schema)
	f := &Flaw{Mismatch: Mismatch{Where: Path(e.JSONPointer())}}
	switch e.SchemaField {
	case "required":
		f.Missing = true
		if s := e.Schema.Properties[last(e.JSONPointer())]; s != nil {
			f.Expected = Expected(s.Value)
		}
		return f
	case "properties":
		return extra(e)
	}
	if f.Where == "" {
		f.Where = "body"
	}
	f.Expected = Expected(e.Schema)
	return f
}

// extra names the member that the schema does not have; the library tells it in a sentence only.
func extra(e *openapi3.SchemaError) *Flaw {
	object, _ := e.Value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if e.Schema.Properties[name] != nil {
			continue
		}
		f := &Flaw{Mismatch: Mismatch{Path(append(e.JSONPointer(), fmt.Sprintf("%.64q", name))), "no such field"}}
		if len(e.JSONPointer()) == 0 {
			f.Extra = name
		}
		return f
	}
	return &Flaw{Mismatch: Mismatch{Path(e.JSONPointer()), "fewer fields"}}
}

func last(pointer []string) string {
	if len(pointer) == 0 {
		return ""
	}
	return pointer[len(pointer)-1]
}
