package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/reimport/reimport"
)

// document is as much of an OpenAPI 3.0 document as requests are guarded by. What stands in one and is not known here is an
// error: nothing of the contract is left out because nobody has read it.
type document struct {
	OpenAPI, Info, Servers, Tags unread
	Paths                        map[string]*pathItem
	Components                   struct {
		Parameters map[string]*parameter
		Schemas    map[string]*schema
		Examples   map[string]struct {
			Summary, Description unread
			Value                json.RawMessage
		}
		SecuritySchemes, Headers, Responses unread
	}
}

// unread is a member that is for people, or for clients, alone.
type unread struct{}

func (*unread) UnmarshalJSON([]byte) error { return nil }

type pathItem struct {
	Get, Put, Post, Delete, Patch, Head, Options, Trace *described
	Parameters                                          []*parameter
}

// described is an operation as the contract describes it.
type described struct {
	OperationID string
	Permission  string                 `json:"x-permission"`
	Security    *[]map[string][]string // nil if nothing is said of it
	Parameters  []*parameter
	RequestBody *requestBody

	Summary, Description, Tags, Responses unread
}

type requestBody struct {
	Required bool
	Content  map[string]struct {
		Schema   *schema
		Examples unread
	}
	Description unread
}

type parameter struct {
	Ref             string `json:"$ref"`
	Name, In        string
	Required        bool
	Schema          *schema
	AllowEmptyValue bool
	Style           string
	Explode         *bool

	Description, Example unread
}

// schema has the keywords of JSON Schema that the contract uses.
type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Nullable             bool
	Enum                 []any
	Minimum, Maximum     *float64
	MinLength            int
	MaxLength            *int
	Pattern              string
	MinItems             int
	MaxItems             *int
	Items                *schema
	MinProperties        int
	Required             []string
	Properties           map[string]*schema
	AdditionalProperties *bool
	AllOf, OneOf         []*schema
	Discriminator        *discriminator
	Not                  *schema
	Expected             string            `json:"x-expected"`            // what a pattern means
	MissingErrorCodes    map[string]string `json:"x-missing-error-codes"` // by property

	Format string

	Description, Example, WriteOnly unread
	VarNames                        unread `json:"x-enum-varnames"`

	pattern  *regexp.Regexp
	followed bool
}

// discriminator names the schema of an object by one of its properties.
type discriminator struct {
	PropertyName string
	Mapping      map[string]string // references, by the property's value

	schemas map[string]*schema
}

// contract is openapi.yaml and what is read from it, which nothing changes. It is the one value that all servers of a
// process share.
var contract = sync.OnceValues(func() (parsed struct {
	doc *document
	ops []*operation
}, err error) {
	if parsed.doc, err = parse(reimport.SpecJSON); err == nil {
		parsed.ops, err = operations(parsed.doc)
	}
	return parsed, err
})

// Prepare does once in a process what New needs of the contract, which takes a while. Nobody has to call it.
func Prepare() error {
	_, err := contract()
	return err
}

// parse reads an OpenAPI document and follows its references.
func parse(text []byte) (*document, error) {
	doc := new(document)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(doc); err != nil {
		return nil, err
	}
	for name, s := range doc.Components.Schemas {
		if err := doc.follow(&s); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
	}
	for path, item := range doc.Paths {
		err := doc.followAll(item.Parameters)
		for _, op := range item.operations() {
			err = errors.Join(err, doc.followAll(op.Parameters), doc.followBody(op.RequestBody))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return doc, nil
}

// operations returns the operations of a path by their methods.
func (i *pathItem) operations() map[string]*described {
	all := map[string]*described{
		"GET": i.Get, "PUT": i.Put, "POST": i.Post, "DELETE": i.Delete, "PATCH": i.Patch, "HEAD": i.Head, "OPTIONS": i.Options, "TRACE": i.Trace,
	}
	maps.DeleteFunc(all, func(_ string, op *described) bool { return op == nil })
	return all
}

// json is the schema of a body of JSON.
func (b *requestBody) json() (*schema, error) {
	content, ok := b.Content["application/json"]
	if !ok || content.Schema == nil || len(b.Content) > 1 {
		return nil, errors.New("requestBody: expected application/json with a schema, and nothing else")
	}
	return content.Schema, nil
}

func (d *document) followBody(b *requestBody) error {
	if b == nil {
		return nil
	}
	for kind, content := range b.Content {
		if err := d.follow(&content.Schema); err != nil {
			return err
		}
		b.Content[kind] = content
	}
	return nil
}

// followAll puts the parameters in the place of references to them.
func (d *document) followAll(parameters []*parameter) error {
	for i, p := range parameters {
		if name, isRef := strings.CutPrefix(p.Ref, "#/components/parameters/"); isRef {
			p = d.Components.Parameters[name]
		}
		if p == nil || p.Ref != "" || p.Schema == nil {
			return fmt.Errorf("parameter %d: expected one with a schema, or a reference to one", i)
		}
		parameters[i] = p
		if err := d.follow(&p.Schema); err != nil {
			return fmt.Errorf("parameter %s: %w", p.Name, err)
		}
	}
	return nil
}

// follow puts schemas in the place of references to them, at any depth, and refuses what check does not do.
func (d *document) follow(at **schema) error {
	if *at == nil {
		return nil
	}
	if ref := (*at).Ref; ref != "" {
		if *at = d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]; *at == nil || (*at).Ref != "" {
			return fmt.Errorf("%s: expected a schema of the contract", ref)
		}
	}
	s := *at
	if s.followed {
		return nil
	}
	s.followed = true
	if err := s.prepare(); err != nil {
		return err
	}
	for name, property := range s.Properties {
		if err := d.follow(&property); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.Properties[name] = property
	}
	for _, list := range [][]*schema{s.AllOf, s.OneOf} {
		for i := range list {
			if err := d.follow(&list[i]); err != nil {
				return err
			}
		}
	}
	return errors.Join(d.follow(&s.Items), d.follow(&s.Not), d.followMapping(s))
}

// prepare compiles the pattern.
func (s *schema) prepare() (err error) {
	switch {
	case s.Format == "int64" && (s.Minimum == nil || s.Maximum == nil):
		return errors.New("format int64: expected a minimum and a maximum, which are checked")
	case !slices.Contains([]string{"", "int64", "double", "password"}, s.Format):
		return fmt.Errorf("format %s: expected none that has to be checked", s.Format)
	case !slices.Contains([]string{"", "object", "array", "string", "integer", "number", "boolean"}, s.Type):
		return fmt.Errorf("type: expected one of OpenAPI's, not %q", s.Type)
	}
	if s.Pattern != "" {
		s.pattern, err = regexp.Compile(s.Pattern)
	}
	return err
}

// followMapping finds the alternatives by their discriminator: to try one after the other would be slow, and could not
// name the field that is wrong.
func (d *document) followMapping(s *schema) error {
	if s.Discriminator == nil && len(s.OneOf) == 0 {
		return nil
	}
	if s.Discriminator == nil || len(s.Discriminator.Mapping) != len(s.OneOf) {
		return errors.New("oneOf: expected a discriminator with a mapping to each of its schemas")
	}
	s.Discriminator.schemas = map[string]*schema{}
	for value, ref := range s.Discriminator.Mapping {
		found := &schema{Ref: ref}
		if err := d.follow(&found); err != nil {
			return err
		}
		if !slices.Contains(s.OneOf, found) {
			return fmt.Errorf("discriminator: %s: expected one of the schemas of oneOf", ref)
		}
		s.Discriminator.schemas[value] = found
	}
	return nil
}
