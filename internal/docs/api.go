package docs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/access"
)

// operation is what the page says of an operation of the contract.
type operation struct {
	Method, Path, Summary, Text string
	Permission                  string
	Roles                       string
	Parameters                  []field
	Body                        *body
	Answers                     []answer
	Result                      string // a body of the 200, as JSON
	Curls                       []curl
	way
}

func (o operation) Anchor() string {
	return strings.ToLower(strings.NewReplacer(" ", "-", "'", "").Replace(o.Summary))
}

type body struct {
	Text, Schema string
	Required     bool
	Fields       []field
	Others       bool // it has more fields than these
}

type answer struct {
	Status, Text string
	Codes        []string
}

// API returns the page of the API.
func API(spec []byte) ([]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	var tags []map[string]any
	documented := 0
	for _, tag := range doc.Tags {
		ops, err := operations(doc, tag.Name)
		if err != nil {
			return nil, err
		}
		documented += len(ops)
		tags = append(tags, map[string]any{"Name": tag.Name, "Text": tag.Description, "Operations": ops})
	}
	if documented != len(ways) {
		return nil, fmt.Errorf("%d operations of the contract, %d in the list of ways", documented, len(ways))
	}
	errs, err := errorCodes(doc)
	if err != nil {
		return nil, err
	}
	return render("api.md.tmpl", map[string]any{
		"Text": doc.Info.Description, "Tags": tags, "Settings": settings(doc), "Schemas": schemas(doc), "Errors": errs,
	})
}

// operations are those of a tag, in the order of ways.
func operations(doc *openapi3.T, tag string) ([]operation, error) {
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if !slices.Contains(o.Tags, tag) {
				continue
			}
			op, err := describeOperation(doc, method, path, item, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.OperationID, err)
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return a.order - b.order })
	return all, nil
}

func describeOperation(doc *openapi3.T, method, path string, item *openapi3.PathItem, o *openapi3.Operation) (operation, error) {
	w, err := wayTo(o.OperationID)
	if err != nil {
		return operation{}, err
	}
	permission, _ := o.Extensions["x-permission"].(string)
	op := operation{Method: method, Path: path, Summary: o.Summary, Text: strings.TrimSpace(o.Description), Permission: permission, way: w}
	var roles []string
	for _, role := range access.RolesWith(permission) {
		roles = append(roles, "`"+string(role)+"`")
	}
	op.Roles = strings.Join(roles, ", ")
	params := slices.Concat(item.Parameters, o.Parameters)
	for _, p := range params {
		op.Parameters = append(op.Parameters, field{
			Name: p.Value.Name, Where: p.Value.In, Type: typeOf(p.Value.Schema), Meaning: p.Value.Description, Required: p.Value.Required,
		})
	}
	if o.RequestBody != nil {
		op.Body = describeBody(o.RequestBody.Value)
	}
	op.Answers, op.Result = answers(o)
	op.Curls = curls(method, path, params, o)
	return op, nil
}

// describeBody lists the members of a body. Those of a database, of which only few are needed, have a table of their own.
func describeBody(b *openapi3.RequestBody) *body {
	ref := b.Content["application/json"].Schema
	d := &body{Text: b.Description, Required: b.Required, Schema: nameOf(ref), Others: len(ref.Value.AllOf) > 0}
	if !d.Others {
		d.Fields = fields(ref.Value.Properties, ref.Value.Required)
		return d
	}
	for _, name := range ref.Value.Required {
		d.Fields = append(d.Fields, describeField(name, properties(ref.Value)[name], true))
	}
	return d
}

func answers(o *openapi3.Operation) (all []answer, result string) {
	for _, status := range o.Responses.Keys() {
		r := o.Responses.Value(status).Value
		a := answer{Status: status, Text: *r.Description}
		for _, example := range examplesOf(r.Content) {
			object, _ := example.value.(map[string]any)
			if status == "200" {
				if len(object) <= 20 { // the table of a database's members shows what a new one has
					result = indented(example.value)
				}
				break
			}
			a.Codes = append(a.Codes, fmt.Sprintf("[`%v`](#%[1]v)", object["error_code"]))
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b answer) int { return strings.Compare(a.Status, b.Status) })
	return all, result
}
