package server

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/contract"
)

// validator holds a request against one operation of the contract.
type validator struct {
	operation *contract.Operation
	body      *bodyRules // nil if the operation has no body

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

func newValidator(doc *openapi3.T, op *contract.Operation) (v *validator, err error) {
	v = &validator{operation: op}
	if op.Spec.RequestBody != nil {
		v.body, err = newBodyRules(doc, op.Spec.RequestBody.Value)
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
	if mismatch := v.operation.ReadPath(r, names, values); mismatch != nil {
		return 0, refuse(errParameter, mismatch.Error())
	}
	for _, value := range values {
		if n, err := strconv.Atoi(value); err == nil {
			uid = n
		}
	}
	return uid, nil
}

// checkQuery refuses what the operation does not list: a misspelt dry_run must not create a database.
func (v *validator) checkQuery(r *http.Request) error {
	for mismatch := range v.operation.QueryMismatches(r) {
		return refuse(errParameter, mismatch.Error())
	}
	return nil
}

// checkBody decodes the body, checks it, and leaves the value for the generated code.
func (v *validator) checkBody(c echo.Context, uid int) error {
	r := c.Request()
	given, ok := r.Body.(*contract.Body)
	if v.body == nil || !ok {
		return nil
	}
	value, text, err := v.body.decode(r, given.Data)
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
		given.Value = value
		return nil
	}
	v.body.clear(members)
	if err := v.body.schema.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.DisableSchemaErrorDetails()); err != nil {
		return v.body.explain(err)
	}
	// Free-form JSON goes on as it came.
	for name := range members {
		if contract.FreeForm(v.body.schema.Properties[name]) {
			members[name] = text[name]
		}
	}
	given.Value = value
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
		if value, text, err = contract.Decode(data); err != nil {
			return nil, nil, refuse(errSchema, err.Error())
		}
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
	// GET shows an interval where none is set. Backups that are turned on with it have been given one.
	if interval, given := dropped["backup_interval"]; given && members["backup"] != nil {
		members["backup_interval"] = interval
		delete(dropped, "backup_interval")
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
