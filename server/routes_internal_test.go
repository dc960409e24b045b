package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/contract"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(reimport.SpecJSON)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestRefusesToStart holds the server closed where a door would be left open.
func TestRefusesToStart(t *testing.T) {
	reset := func(doc *openapi3.T) *openapi3.Operation {
		return doc.Paths.Value("/v1/bdbs/{uid}/actions/import_reset_status").Put
	}
	for name, c := range map[string]struct {
		doc  func(*openapi3.T)
		want string
	}{
		"as it is":                    {func(*openapi3.T) {}, ""},
		"no permission":               {func(d *openapi3.T) { delete(reset(d).Extensions, "x-permission") }, "x-permission"},
		"a permission nobody has":     {func(d *openapi3.T) { reset(d).Extensions["x-permission"] = "reset" }, "x-permission"},
		"no id":                       {func(d *openapi3.T) { reset(d).OperationID = "" }, "operationId"},
		"security forgotten":          {func(d *openapi3.T) { reset(d).Security = nil }, "basicAuth"},
		"open to all":                 {func(d *openapi3.T) { reset(d).Security = &openapi3.SecurityRequirements{} }, "basicAuth"},
		"open by choice":              {func(d *openapi3.T) { reset(d).Security = &openapi3.SecurityRequirements{{"basicAuth": {}}, {}} }, "basicAuth"},
		"renamed, code not generated": {func(d *openapi3.T) { reset(d).OperationID = "reset" }, "answers without credentials"},
		"gone from the contract":      {func(d *openapi3.T) { d.Paths.Delete("/v1/modules") }, "answers without credentials"},
		"not served": {func(d *openapi3.T) {
			d.Paths.Set("/v1/nodes", &openapi3.PathItem{Get: &openapi3.Operation{OperationID: "x", Security: reset(d).Security, Extensions: map[string]any{"x-permission": "view_bdb_info"}}})
		}, "not served"},
		"a code that no answer has": {func(d *openapi3.T) {
			d.Components.Schemas["BDBCreate"].Value.Extensions["x-missing-error-codes"] = map[string]any{"name": "oops"}
		}, "x-missing-error-codes"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := load(t)
			c.doc(doc)
			s := &Server{echo: echo.New(), auth: new(authenticator)}
			ops, err := operations(contract.Of(doc))
			if err == nil {
				err = s.route(ops)
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRefusesAnOpenRoute(t *testing.T) {
	s := &Server{echo: echo.New(), auth: new(authenticator)}
	s.echo.GET("/debug", func(echo.Context) error { return nil })
	ops, err := operations(contract.Of(load(t)))
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
