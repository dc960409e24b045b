package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/event"
)

// operation is one operation of the contract with what must happen before its handler.
type operation struct {
	id         string
	route      string // method and path
	permission string
	validator  *validator
}

// operations reads the guarded operations from the contract. An operation without credentials, a known permission or
// an id is an error: there is no way to serve one unguarded.
func operations(c *contract.Contract) ([]*operation, error) {
	var ops []*operation
	for _, o := range c.Operations {
		permission, _ := o.Spec.Extensions["x-permission"].(string)
		if o.ID == "" || !access.KnownPermission(permission) {
			return nil, fmt.Errorf("%s %s: expected an operationId and a known x-permission", o.Method, o.Path)
		}
		if s := o.Spec.Security; s == nil || len(*s) != 1 || (*s)[0]["basicAuth"] == nil {
			return nil, fmt.Errorf("%s: expected basicAuth and nothing else as its security", o.ID)
		}
		v, err := newValidator(c.Doc, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
		ops = append(ops, &operation{o.ID, o.Method + " " + o.Path, permission, v})
	}
	return ops, nil
}

// errChanged is about a database that has changed since a request was held against it.
var errChanged = errors.New("the database has changed since the request was validated")

// guard authenticates, authorizes and validates, in this order. What has changed meanwhile is validated again.
func (s *Server) guard(op *operation, v *validator) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			user, err := s.auth.authenticate(c.Request())
			if err != nil {
				return err
			}
			event.IdentityOf(c.Request().Context()).User = user.Email
			if !user.Role.May(op.permission) {
				return refuse(errForbidden, "this user's role lacks the permission "+op.permission)
			}
			for {
				if err := v.validate(c); err != nil {
					return err
				}
				if err := next(c); !errors.Is(err, errChanged) {
					return err
				}
			}
		}
	}
}

// unguarded are the routes that stand outside the contract and need no credentials, as the pages' do.
var unguarded = []string{"GET /openapi.yaml", "GET /openapi.json", "GET /healthz"}

// headed registers for HEAD whatever is registered for GET, guard included. net/http leaves out the answer's body.
type headed struct{ *echo.Echo }

func (e headed) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	e.HEAD(path, h, m...)
	return e.Echo.GET(path, h, m...)
}

var echoParam = regexp.MustCompile(`:(\w+)`)

// checkRoutes compares what is registered with the contract and the list of open routes.
func checkRoutes(e *echo.Echo, ops []*operation, open []string) error {
	missing, allowed := map[string]bool{}, map[string]bool{}
	for _, op := range ops {
		missing[op.route] = true
		if path, ok := strings.CutPrefix(op.route, "GET "); ok {
			missing["HEAD "+path] = true
		}
	}
	for _, route := range open {
		allowed[route], allowed[strings.Replace(route, "GET", "HEAD", 1)] = true, true
	}
	for _, r := range e.Routes() {
		route := r.Method + " " + echoParam.ReplaceAllString(r.Path, "{$1}")
		if !missing[route] && !allowed[route] {
			return fmt.Errorf("%s is neither in the contract nor on the list of open routes", route)
		}
		delete(missing, route)
	}
	for route := range missing {
		return fmt.Errorf("%s is in the contract but not served", route)
	}
	return nil
}

// checkGuards tries every generated route without credentials, with nothing behind it: generated code that has drifted
// from the contract looks its guard up under another name, finds none, and says nothing.
func checkGuards(options rest.RegisterHandlersOptions) error {
	e := echo.New()
	e.HTTPErrorHandler = answerError
	e.Use(recoverPanics)
	rest.RegisterHandlersWithOptions(headed{e}, nil, options)
	for _, r := range e.Routes() {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(r.Method, echoParam.ReplaceAllString(r.Path, "1"), nil))
		if w.Code != http.StatusUnauthorized {
			return fmt.Errorf("%s %s answers without credentials", r.Method, r.Path)
		}
	}
	return nil
}
