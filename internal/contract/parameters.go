package contract

import (
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

func newOperation(path, method string, item *openapi3.PathItem, spec *openapi3.Operation) *Operation {
	o := &Operation{
		ID: spec.OperationID, Method: method, Path: path, Item: item, Spec: spec, segments: strings.Split(path, "/"),
		path: map[string]*openapi3.Schema{}, query: map[string]*openapi3.Parameter{},
	}
	for _, parameters := range []openapi3.Parameters{item.Parameters, spec.Parameters} {
		for _, p := range parameters {
			switch p.Value.In {
			case openapi3.ParameterInPath:
				o.path[p.Value.Name] = p.Value.Schema.Value
			case openapi3.ParameterInQuery:
				o.query[p.Value.Name] = p.Value
			}
		}
	}
	return o
}

// PathMismatch returns what is wrong with the unescaped value of a parameter of the path, or nil.
func (o *Operation) PathMismatch(name, value string) *Mismatch {
	s := o.path[name]
	if s.Type.Is(openapi3.TypeInteger) && isInteger(value, s) || !s.Type.Is(openapi3.TypeInteger) && s.VisitJSON(value) == nil {
		return nil
	}
	return &Mismatch{name, Expected(s)}
}

// ReadPath unescapes the values of the parameters of a request's path, as a router gives them, and returns what is wrong with
// one, or nil. The generated code then reads them as they were checked.
func (o *Operation) ReadPath(r *http.Request, names, values []string) *Mismatch {
	for i, name := range names {
		if r.URL.RawPath != "" {
			values[i], _ = url.PathUnescape(values[i]) // if it cannot be, empty, which no parameter takes
		}
		if mismatch := o.PathMismatch(name, values[i]); mismatch != nil {
			return mismatch
		}
	}
	r.URL.RawPath = "" // the values are unescaped
	return nil
}

// isInteger reports whether text is a number that the schema allows. It has one spelling: `+1` and `01` would otherwise
// pass for 1.
func isInteger(text string, s *openapi3.Schema) bool {
	n, err := strconv.Atoi(text)
	return err == nil && strconv.Itoa(n) == text && float64(n) >= *s.Min && float64(n) <= *s.Max
}

// QueryMismatches yields what is wrong with the query of a request, in no order: what the operation does not list, what
// is given twice, and what is not as described.
func (o *Operation) QueryMismatches(r *http.Request) iter.Seq[*Mismatch] {
	return func(yield func(*Mismatch) bool) {
		if r.URL.RawQuery == "" {
			return
		}
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			yield(&Mismatch{"query", "name=value pairs, percent-encoded"})
			return
		}
		input := &openapi3filter.RequestValidationInput{Request: r, QueryParams: query, Options: &openapi3filter.Options{SkipSettingDefaults: true}}
		for name, values := range query {
			if m := o.queryMismatch(input, name, values); m != nil && !yield(m) {
				return
			}
		}
	}
}

func (o *Operation) queryMismatch(input *openapi3filter.RequestValidationInput, name string, values []string) *Mismatch {
	p := o.query[name]
	switch {
	case p == nil:
		return &Mismatch{strconv.Quote(name), "no such query parameter"}
	case len(values) > 1:
		return &Mismatch{name, "once"}
	case tooLong(values[0], p.Schema.Value) || openapi3filter.ValidateParameter(input.Request.Context(), input, p) != nil:
		return &Mismatch{name, Expected(p.Schema.Value)}
	}
	return nil
}

// tooLong reports whether text is a list of more items than the schema takes. The library would take a list to pieces, and
// check each, before it counts them.
func tooLong(text string, s *openapi3.Schema) bool {
	return s.MaxItems != nil && uint64(strings.Count(text, ",")) >= *s.MaxItems //nolint:gosec // a count
}
