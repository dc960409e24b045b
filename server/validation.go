package server

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"
)

// validator holds a request against one operation of the contract.
type validator struct {
	route    *routers.Route
	options  *openapi3filter.Options
	query    map[string]bool // the parameters that the operation lists
	integers map[string]bool // path parameters that are integers
	fields   *fieldNames
}

func newValidator(doc *openapi3.T, path string, item *openapi3.PathItem, method string, op *openapi3.Operation) (*validator, error) {
	// The guard has authenticated before this runs.
	authenticated := *op
	authenticated.Security = openapi3.NewSecurityRequirements()
	v := &validator{
		route: &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: &authenticated},
		options: &openapi3filter.Options{
			SkipSettingDefaults:     true,
			SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
		},
		query:    map[string]bool{},
		integers: map[string]bool{},
	}
	for _, parameters := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, p := range parameters {
			switch {
			case p.Value.In == openapi3.ParameterInQuery:
				v.query[p.Value.Name] = true
			case p.Value.In == openapi3.ParameterInPath && p.Value.Schema.Value.Type.Is(openapi3.TypeInteger):
				v.integers[p.Value.Name] = true
			}
		}
	}
	var err error
	v.fields, err = newFieldNames(doc, op)
	return v, err
}

// validate refuses a request that the contract does not describe.
func (v *validator) validate(c echo.Context) error {
	r := c.Request()
	params, err := v.pathParams(c)
	if err != nil {
		return err
	}
	query, err := v.queryParams(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if err := v.checkBody(r); err != nil {
		return err
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, QueryParams: query, Route: v.route, Options: v.options,
	})
	return v.explain(err)
}

// pathParams returns the parameters as the generated wrapper will read them. Integers have one spelling: `+1` and
// `01` would otherwise pass for 1.
func (v *validator) pathParams(c echo.Context) (map[string]string, error) {
	names := c.ParamNames()
	params := make(map[string]string, len(names))
	for i, name := range names {
		value := c.ParamValues()[i]
		if c.Request().URL.RawPath != "" {
			unescaped, err := url.PathUnescape(value)
			if err != nil {
				return nil, v.refuseParameter(name)
			}
			value = unescaped
		}
		if n, err := strconv.ParseInt(value, 10, 64); v.integers[name] && (err != nil || strconv.FormatInt(n, 10) != value) {
			return nil, v.refuseParameter(name)
		}
		params[name] = value
	}
	return params, nil
}

// queryParams refuses what the operation does not list: a misspelt dry_run must not create a database.
func (v *validator) queryParams(raw string) (url.Values, error) {
	if raw == "" {
		return url.Values{}, nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refuse(errParameter, "query: expected name=value pairs, percent-encoded")
	}
	for name, values := range query {
		if !v.query[name] {
			return nil, refuse(errParameter, strconv.Quote(name)+": expected no such query parameter")
		}
		if len(values) > 1 {
			return nil, refuse(errParameter, name+": expected once")
		}
	}
	return query, nil
}

// checkBody refuses what is no JSON, garbage behind the JSON included, and gives the media type the one spelling that
// the generated code knows. A body without a type is JSON: curl and scripts often give none.
func (v *validator) checkBody(r *http.Request) error {
	if r.Body == http.NoBody {
		return nil
	}
	if v.route.Operation.RequestBody == nil {
		return refuse(errSchema, "body: expected none")
	}
	if given := r.Header.Get(echo.HeaderContentType); given != "" {
		kind, _, err := mime.ParseMediaType(given)
		if err != nil || kind != echo.MIMEApplicationJSON {
			return refuse(errSchema, "Content-Type: expected application/json")
		}
	}
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if !json.Valid(data) {
		return refuse(errSchema, "body: expected one JSON value")
	}
	if data, err = withPlainIntegers(data); err != nil {
		return err
	}
	setBody(r, data)
	return nil
}

// withPlainIntegers rewrites 1.0 and 1e3, which are integers to JSON and to the contract, as Go's decoder takes integers.
func withPlainIntegers(data []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(plainIntegers(value))
}

func plainIntegers(value any) any {
	switch v := value.(type) {
	case json.Number:
		if f, err := v.Float64(); strings.ContainsAny(v.String(), ".eE") && err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f)
		}
	case []any:
		for i := range v {
			v[i] = plainIntegers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plainIntegers(v[name])
		}
	}
	return value
}
