package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"
)

// maxBody is the size in bytes up to which a request's body is read.
const maxBody = 64 << 10

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
	if err := v.readBody(r); err != nil {
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

// readBody reads the whole body, so that a limit or garbage behind the JSON shows here and not in the handler, and
// leaves it to be read again. A body without a type is JSON: curl and scripts often give none.
func (v *validator) readBody(r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	data, err := io.ReadAll(r.Body)
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return errTooLarge
	}
	switch {
	case err != nil:
		return refuse(errSchema, "body: expected all of it")
	case len(data) == 0:
		r.Body, r.ContentLength = http.NoBody, 0
		return nil
	case v.route.Operation.RequestBody == nil:
		return refuse(errSchema, "body: expected none")
	case !json.Valid(data):
		return refuse(errSchema, "body: expected one JSON value")
	}
	if r.Header.Get(echo.HeaderContentType) == "" {
		r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	return nil
}
