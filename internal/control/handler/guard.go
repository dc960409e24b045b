package handler

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/contract"
)

// maxSeed is the size in bytes up to which a seed file is read.
const maxSeed = 64 << 20

// refuseStrangers keeps web pages out, which reach the loopback interface through their visitor's browser: those that have
// given a name of theirs this machine's address, and those that send what changes something.
func refuseStrangers(next echo.HandlerFunc) echo.HandlerFunc {
	var crossOrigin http.CrossOriginProtection
	return func(c echo.Context) error {
		switch r := c.Request(); {
		case !ownHost(r.Host):
			return errForeignHost
		case crossOrigin.Check(r) != nil:
			return errCrossOrigin
		}
		return next(c)
	}
}

// ownHost reports whether a Host names this machine by what only this machine has.
func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// refuseLongerPath answers 404 to a path with more segments than its route: the router gives a route's last parameter all
// that is left of the path.
func refuseLongerPath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if strings.Count(echo.GetPath(c.Request()), "/") != strings.Count(c.Path(), "/") {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

// guard refuses a request that the contract does not describe, and has the generated code read what was checked.
func guard(op *contract.Operation) echo.MiddlewareFunc {
	read := ignoreBody
	if body := op.Spec.RequestBody; body != nil {
		if read = passBody; body.Value.Content.Get(echo.MIMEApplicationJSON) != nil {
			read = decodeBody(contract.Closed(body.Value.Content.Get(echo.MIMEApplicationJSON).Schema.Value))
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if mismatch := op.ReadPath(r, c.ParamNames(), c.ParamValues()); mismatch != nil {
				return refuse(errParameter, mismatch.Error())
			}
			for mismatch := range op.QueryMismatches(r) {
				return refuse(errParameter, mismatch.Error())
			}
			if err := read(c); err != nil {
				return err
			}
			return next(c)
		}
	}
}

func ignoreBody(c echo.Context) error {
	return contract.ReadBody(c.Response(), c.Request(), contract.MaxBody)
}

// passBody leaves the body to the handler.
func passBody(c echo.Context) error {
	r := c.Request()
	err := contract.ReadBody(c.Response(), r, maxSeed)
	if given, ok := r.Body.(*contract.Body); ok && err == nil {
		r.Body = io.NopCloser(bytes.NewReader(given.Data))
	}
	return err
}

// decodeBody returns what reads a JSON body.
func decodeBody(schema *openapi3.Schema) func(echo.Context) error {
	return func(c echo.Context) error {
		r := c.Request()
		if err := contract.ReadBody(c.Response(), r, contract.MaxBody); err != nil {
			return err
		}
		given := r.Body.(*contract.Body)
		value, _, err := contract.Decode(given.Data)
		if err != nil {
			return err
		}
		if err := schema.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.DisableSchemaErrorDetails()); err != nil {
			return explain(err)
		}
		r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
		given.Value = value
		return nil
	}
}

func explain(err error) error {
	flaw := contract.FlawOf(err)
	switch {
	case flaw == nil:
		return err
	case flaw.Missing:
		return refuse(errMissingField, flaw.Error())
	}
	return refuse(errSchema, flaw.Error())
}
