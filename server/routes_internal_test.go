package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/gen/rest"
)

// load returns a contract to change.
func load(t *testing.T) *document {
	t.Helper()
	doc, err := parse(reimport.SpecJSON)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestRefusesToStart holds the server closed where a door would be left open.
func TestRefusesToStart(t *testing.T) {
	reset := func(doc *document) *described { return doc.Paths["/v1/bdbs/{uid}/actions/import_reset_status"].Put }
	fields := func(doc *document) *parameter { return doc.Components.Parameters["Fields"] }
	security := func(requirements ...map[string][]string) *[]map[string][]string { return &requirements }
	for name, c := range map[string]struct {
		doc  func(*document)
		want string
	}{
		"as it is":                    {func(*document) {}, ""},
		"no permission":               {func(d *document) { reset(d).Permission = "" }, "x-permission"},
		"a permission nobody has":     {func(d *document) { reset(d).Permission = "reset" }, "x-permission"},
		"no id":                       {func(d *document) { reset(d).OperationID = "" }, "operationId"},
		"security forgotten":          {func(d *document) { reset(d).Security = nil }, "basicAuth"},
		"open to all":                 {func(d *document) { reset(d).Security = security() }, "basicAuth"},
		"open by choice":              {func(d *document) { reset(d).Security = security(map[string][]string{"basicAuth": {}}, nil) }, "basicAuth"},
		"renamed, code not generated": {func(d *document) { reset(d).OperationID = "reset" }, "answers without credentials"},
		"gone from the contract":      {func(d *document) { delete(d.Paths, "/v1/modules") }, "answers without credentials"},
		"not served": {func(d *document) {
			d.Paths["/v1/nodes"] = &pathItem{Get: &described{OperationID: "x", Security: reset(d).Security, Permission: "view_bdb_info"}}
		}, "not served"},
		"a code that no answer has": {func(d *document) {
			d.Components.Schemas["BDBCreate"].MissingErrorCodes = map[string]string{"name": "oops"}
		}, "x-missing-error-codes"},
		"a header that has to be there":    {func(d *document) { fields(d).In = "header" }, "parameter fields"},
		"a parameter that has to be there": {func(d *document) { fields(d).Required = true }, "parameter fields"},
		"a list of another form":           {func(d *document) { fields(d).Style = "spaceDelimited" }, "parameter fields"},
		"a body of another type": {func(d *document) {
			reset(d).RequestBody.Content["text/plain"] = reset(d).RequestBody.Content["application/json"]
		}, "requestBody"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := load(t)
			c.doc(doc)
			s := &Server{echo: echo.New(), auth: new(authenticator)}
			ops, err := operations(doc)
			if err == nil {
				err = s.route(ops)
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestRefusesWhatIsNotChecked reads contracts that ask for more than the server does.
func TestRefusesWhatIsNotChecked(t *testing.T) {
	const spec = `{"paths": {"/x": {"post": {"requestBody": {"content": {"application/json": {"schema": %s}}}}}}, "components": {"schemas": {"A": {"type": "string"}}}}`
	for schema, want := range map[string]string{
		`{"type": "string", "$comment": "x"}`:                          "unknown field",
		`{"type": "array", "uniqueItems": true}`:                       "unknown field",
		`{"type": "integer", "exclusiveMinimum": true}`:                "unknown field",
		`{"type": "object", "additionalProperties": {"type": "null"}}`: "bool",
		`{"type": "string", "format": "date-time"}`:                    "format",
		`{"type": "integer", "format": "int64"}`:                       "format",
		`{"type": "any"}`:                                              "type",
		`{"type": "string", "pattern": "("}`:                           "missing closing",
		`{"items": {"$ref": "#/components/schemas/B"}}`:                "#/components/schemas/B",
		`{"oneOf": [{"$ref": "#/components/schemas/A"}]}`:              "discriminator",
		`{"oneOf": [{"type": "string"}], "discriminator": {"propertyName": "x", "mapping": {"a": "#/components/schemas/A"}}}`: "one of the schemas of oneOf",
	} {
		if _, err := parse(fmt.Appendf(nil, spec, schema)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", schema, err, want)
		}
	}
	if _, err := parse([]byte(`{"paths": {"/x": {"query": {}}}}`)); err == nil {
		t.Error("an operation of an unknown method is left out")
	}
}

func TestRefusesAnOpenRoute(t *testing.T) {
	s := &Server{echo: echo.New(), auth: new(authenticator)}
	s.echo.GET("/debug", func(echo.Context) error { return nil })
	ops, err := operations(load(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.route(ops); err == nil || !strings.Contains(err.Error(), "GET /debug is neither") {
		t.Fatal(err)
	}
}

func TestRefusesForgottenAnswer(t *testing.T) {
	handler := refuseNothing(func(echo.Context, any) (any, error) { return nil, nil }, "op")
	if _, err := handler(nil, nil); err == nil {
		t.Fatal("no answer and no error would be a 200")
	}
	want := rest.ResetBDBImportStatus200Response{}
	handler = refuseNothing(func(echo.Context, any) (any, error) { return want, nil }, "op")
	if got, err := handler(nil, nil); got != want || err != nil {
		t.Fatalf("%v %v", got, err)
	}
}

func TestPanicIsA500ThatTellsNothing(t *testing.T) {
	e := echo.New()
	e.HTTPErrorHandler = answerError
	e.Use(recoverPanics)
	e.GET("/", func(echo.Context) error { panic("the secret") })
	e.GET("/error", func(echo.Context) error { return errors.New("the secret") })
	for _, path := range []string{"/", "/error"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != 500 || strings.TrimSpace(w.Body.String()) != `{"description":"internal error","error_code":"internal_error"}` {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
