package server

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"
)

// validator holds a request against one operation of the contract.
type validator struct {
	path  map[string]*openapi3.Schema
	query map[string]*openapi3.Parameter
	body  *bodyRules // nil if the operation has no body

	// shown returns the named members of the resource as GET shows them, nil if it does not exist. It is set for the
	// operations that update a resource.
	shown func(ctx context.Context, uid int, names []string) (map[string]any, error)
}

// bodyRules is what the contract says about a body.
type bodyRules struct {
	required bool
	schema   *openapi3.Schema // takes the names that it lists and no others
	readOnly map[string]bool  // names of the resource that a request may not give
	missing  map[string]error // what to refuse with if a member is missing
}

func newValidator(doc *openapi3.T, item *openapi3.PathItem, op *openapi3.Operation) (*validator, error) {
	v := &validator{path: map[string]*openapi3.Schema{}, query: map[string]*openapi3.Parameter{}}
	for _, parameters := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, p := range parameters {
			switch p.Value.In {
			case openapi3.ParameterInPath:
				v.path[p.Value.Name] = p.Value.Schema.Value
			case openapi3.ParameterInQuery:
				v.query[p.Value.Name] = p.Value
			}
		}
	}
	var err error
	if op.RequestBody != nil {
		v.body, err = newBodyRules(doc, op.RequestBody.Value)
	}
	return v, err
}

// validate refuses a request that the contract does not describe.
func (v *validator) validate(c echo.Context) error {
	uid, err := v.checkPath(c)
	if err != nil {
		return err
	}
	if err := v.checkQuery(c.Request()); err != nil {
		return err
	}
	return v.checkBody(c, uid)
}

// checkPath checks the parameters of the path, and has the generated code read them as they were checked. It returns the
// uid if it is an integer.
func (v *validator) checkPath(c echo.Context) (uid int, err error) {
	r, names, values := c.Request(), c.ParamNames(), c.ParamValues()
	for i, name := range names {
		if r.URL.RawPath != "" {
			if values[i], err = url.PathUnescape(values[i]); err != nil {
				return 0, refuseParameter(name, v.path[name])
			}
		}
		ok := false
		if s := v.path[name]; s.Type.Is(openapi3.TypeInteger) {
			uid, ok = integer(values[i], s)
		} else {
			ok = s.VisitJSON(values[i]) == nil
		}
		if !ok {
			return 0, refuseParameter(name, v.path[name])
		}
	}
	r.URL.RawPath = "" // the values are unescaped
	return uid, nil
}

// integer reads a number that the schema allows. It has one spelling: `+1` and `01` would otherwise pass for 1.
func integer(text string, s *openapi3.Schema) (n int, ok bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && strconv.Itoa(n) == text && float64(n) >= *s.Min && float64(n) <= *s.Max
}

// checkQuery refuses what the operation does not list: a misspelt dry_run must not create a database.
func (v *validator) checkQuery(r *http.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(errParameter, "query: expected name=value pairs, percent-encoded")
	}
	input := &openapi3filter.RequestValidationInput{Request: r, QueryParams: query, Options: &openapi3filter.Options{SkipSettingDefaults: true}}
	for name, values := range query {
		p := v.query[name]
		switch {
		case p == nil:
			return refuse(errParameter, strconv.Quote(name)+": expected no such query parameter")
		case len(values) > 1:
			return refuse(errParameter, name+": expected once")
		case tooLong(values[0], p.Schema.Value):
			return refuseParameter(name, p.Schema.Value)
		case openapi3filter.ValidateParameter(r.Context(), input, p) != nil:
			return refuseParameter(name, p.Schema.Value)
		}
	}
	return nil
}

// tooLong reports whether text is a list of more items than the schema takes. The library would take a list to pieces, and
// check each, before it counts them.
func tooLong(text string, s *openapi3.Schema) bool {
	return s.MaxItems != nil && uint64(strings.Count(text, ",")) >= *s.MaxItems //nolint:gosec // a count
}

// checkBody decodes the body, checks it, and leaves the value for the generated code.
func (v *validator) checkBody(c echo.Context, uid int) error {
	r := c.Request()
	given, ok := r.Body.(*body)
	if v.body == nil || !ok {
		return nil
	}
	value, text, err := v.body.decode(r, given.data)
	if err != nil || value == nil {
		return err
	}
	members, _ := value.(map[string]any)
	dropped, err := v.dropUnchanged(r.Context(), uid, members)
	if err != nil {
		return err
	}
	if dropped != nil { // even if empty: it stands in front of an earlier one
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), droppedKey{}, dropped)))
	}
	if len(dropped) > 0 && len(members) == 0 {
		given.value = value
		return nil
	}
	v.body.clear(members)
	if err := v.body.schema.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.DisableSchemaErrorDetails()); err != nil {
		return v.body.explain(err)
	}
	// Free-form JSON goes on as it came.
	for name := range members {
		if isFreeForm(v.body.schema.Properties[name]) {
			members[name] = text[name]
		}
	}
	given.value = value
	return nil
}

// decode returns the value in a body and the text of its members; a nil value if there is no body.
func (b *bodyRules) decode(r *http.Request, data []byte) (value any, text map[string]json.RawMessage, err error) {
	// A body that nothing is expected of may have any type: curl gives one to every body.
	free, data := len(b.schema.Properties) == 0, bytes.TrimSpace(data)
	if given := r.Header.Get(echo.HeaderContentType); given != "" && len(data) > 0 && !free {
		if kind, _, err := mime.ParseMediaType(given); err != nil || kind != echo.MIMEApplicationJSON {
			return nil, nil, refuse(errSchema, "Content-Type: expected application/json")
		}
	}
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	if len(data) > 0 {
		value, text, err = decode(data)
	}
	if err == nil && value == nil && b.required {
		err = refuse(errSchema, "body: expected a JSON object")
	}
	return value, text, err
}

// droppedKey is where a request's context has the members that dropUnchanged took out.
type droppedKey struct{}

// dropUnchanged takes the members out that equal what GET shows, read-only ones included, so that a client may send back
// what it was shown. It returns them: they must still equal it when the others are changed.
func (v *validator) dropUnchanged(ctx context.Context, uid int, members map[string]any) (dropped map[string]any, err error) {
	if v.shown == nil || len(members) == 0 {
		return nil, nil
	}
	shown, err := v.shown(ctx, uid, slices.Collect(maps.Keys(members)))
	if err != nil {
		return nil, err
	}
	dropped = map[string]any{}
	for name, value := range shown {
		if reflect.DeepEqual(members[name], value) {
			dropped[name] = value
			delete(members, name)
		}
	}
	return dropped, nil
}

// clear puts the empty value of its type in the place of a null that the contract allows.
func (b *bodyRules) clear(members map[string]any) {
	for name, value := range members {
		property := b.schema.Properties[name]
		switch {
		case value != nil || property == nil || !property.Value.Nullable:
		case property.Value.Type.Is(openapi3.TypeArray):
			members[name] = []any{}
		default:
			members[name] = ""
		}
	}
}
