package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"pgregory.net/rapid"

	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/contract"
)

// asked is a set of handlers that keep what they get.
type asked struct {
	rest.StrictServerInterface
	body any
}

func (a *asked) CreateBDB(_ context.Context, r rest.CreateBDBRequestObject) (rest.CreateBDBResponseObject, error) {
	a.body = r.Body
	return bdbJSON("{}"), nil
}

func (a *asked) UpdateBDB(_ context.Context, r rest.UpdateBDBRequestObject) (rest.UpdateBDBResponseObject, error) {
	a.body = r.Body
	return bdbJSON("{}"), nil
}

// TestNothingDecodesAgain hands the generated code a validated value that does not fit its type, which no schema lets
// through. Its fallback would decode the bytes with a decoder that is not ours; it gets none, and the answer is a 500.
func TestNothingDecodesAgain(t *testing.T) {
	handlers := new(asked)
	e := echo.New()
	e.HTTPErrorHandler = answerError
	rest.RegisterHandlers(e, rest.NewStrictHandler(handlers, nil))
	for _, value := range []any{map[string]any{"memory_size": "many"}, map[string]any{"memory_size": json.Number("1.5")}, []any{}, "text"} {
		r := httptest.NewRequest(http.MethodPut, "/v1/bdbs/1", strings.NewReader(`{"memory_size": 1}`))
		r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
		r.Body, r.ContentLength = &contract.Body{Data: []byte(`{"memory_size": 1}`), Value: value}, -1
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || handlers.body != nil {
			t.Errorf("%v: %d %s, the handler got %v", value, w.Code, w.Body, handlers.body)
		}
	}
}

// TestWhatIsValidatedIsBound generates bodies from the contract's schemas. What the schema accepts reaches the handler,
// with the members that were sent and no others.
func TestWhatIsValidatedIsBound(t *testing.T) {
	doc := load(t)
	for _, c := range []struct{ method, path, schema string }{{"POST", "/v1/bdbs", "BDBCreate"}, {"PUT", "/v1/bdbs/1", "BDBUpdate"}} {
		t.Run(c.schema, func(t *testing.T) {
			handlers := new(asked)
			e := echo.New()
			e.HTTPErrorHandler = answerError
			op, _ := contract.Of(doc).Find(c.method, c.path)
			v, err := newValidator(doc, op)
			if err != nil {
				t.Fatal(err)
			}
			guard := func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					if err := v.validate(c); err != nil {
						return err
					}
					return next(c)
				}
			}
			rest.RegisterHandlersWithOptions(e, rest.NewStrictHandler(handlers, nil), rest.RegisterHandlersOptions{OperationMiddlewares: map[string][]echo.MiddlewareFunc{
				"createBDB": {guard}, "updateBDB": {guard},
			}})
			e.Use(readBody)
			schema := contract.Merged(doc.Components.Schemas[c.schema].Value)
			rapid.Check(t, func(t *rapid.T) {
				given := bodyOf(schema).Draw(t, "body")
				text, err := json.Marshal(given)
				if err != nil {
					t.Fatal(err)
				}
				handlers.body = nil
				w := httptest.NewRecorder()
				e.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(string(text))))
				if w.Code != http.StatusOK {
					t.Fatalf("%s: %d %s", text, w.Code, w.Body)
				}
				bound, err := json.Marshal(handlers.body)
				if err != nil {
					t.Fatal(err)
				}
				if want, got := decoded(t, text), decoded(t, bound); !reflect.DeepEqual(want, got) {
					t.Fatalf("sent  %s\nbound %s", text, bound)
				}
			})
		})
	}
}

func decoded(t *rapid.T, text []byte) any {
	value, _, err := contract.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
