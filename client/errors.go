package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

// What a server answers, for errors.Is. Each comes inside an *Error.
var (
	ErrInvalid      = errors.New("the request is not valid")
	ErrUnauthorized = errors.New("the credentials are missing or wrong")
	ErrForbidden    = errors.New("the user's role does not allow this")
	// ErrNotFound is a database, a module or another thing that does not exist.
	ErrNotFound = errors.New("there is no such thing")
	// ErrNoSuchPath is a 404 that is not about a thing: the address is wrong, or the server lacks the operation.
	ErrNoSuchPath        = errors.New("the server has no such path: is its address right?")
	ErrMethodNotAllowed  = errors.New("the path does not take this method")
	ErrUnsupportedModule = errors.New("a module of the database cannot do this")
	ErrBusy              = errors.New("the database is busy")
	ErrUIDExists         = errors.New("the uid is taken")
	ErrTooLarge          = errors.New("the request is too large")
	ErrRateLimited       = errors.New("too many requests")
	ErrInternal          = errors.New("the server failed")
	ErrUnavailable       = errors.New("the server is not available")
	// ErrDatabaseUnavailable is an ErrUnavailable about a database that clients cannot use.
	ErrDatabaseUnavailable = fmt.Errorf("%w for this database", ErrUnavailable)
	// ErrUnexpectedStatus is a status that the contract does not know, a success other than 200 among them.
	ErrUnexpectedStatus = errors.New("the status is not one of the contract's")
	// ErrRedirect is an ErrUnexpectedStatus that names another host. Nothing was sent there.
	ErrRedirect = fmt.Errorf("%w: a redirect", ErrUnexpectedStatus)
)

// What happens without an answer that could be read.
var (
	// ErrNetwork is a connection that was not made, or that broke.
	ErrNetwork = errors.New("no answer from the server")
	// ErrUnexpectedBody is a 200 whose body is too large or not the JSON that the contract promises.
	ErrUnexpectedBody = errors.New("the answer is not as described")
)

// kindsOfStatus has what a status stands for, whatever its code: a cluster has more of those than the contract, and answers
// some statuses without a body.
var kindsOfStatus = map[int]error{
	http.StatusBadRequest:                  ErrInvalid,
	http.StatusUnauthorized:                ErrUnauthorized,
	http.StatusForbidden:                   ErrForbidden,
	http.StatusNotFound:                    ErrNotFound,
	http.StatusMethodNotAllowed:            ErrMethodNotAllowed,
	http.StatusNotAcceptable:               ErrInvalid,
	http.StatusConflict:                    ErrBusy,
	http.StatusRequestEntityTooLarge:       ErrTooLarge,
	http.StatusRequestHeaderFieldsTooLarge: ErrTooLarge,
	http.StatusTooManyRequests:             ErrRateLimited,
	http.StatusInternalServerError:         ErrInternal,
	http.StatusBadGateway:                  ErrUnavailable,
	http.StatusServiceUnavailable:          ErrUnavailable,
	http.StatusGatewayTimeout:              ErrUnavailable,
}

// kindsOfCode has the codes that say more than their status, which api.ErrorCode knows.
var kindsOfCode = map[api.ErrorCode]error{
	api.ErrorCodeNotFound:                      ErrNoSuchPath,
	api.ErrorCodeUIDExists:                     ErrUIDExists,
	api.ErrorCodeUnsupportedModuleCapabilities: ErrUnsupportedModule,
}

// unavailable begin the codes of a database that is not available. Clusters of 8.2 add the reason behind them.
var unavailable = []api.ErrorCode{api.ErrorCodeBDBUnavailable, api.ErrorCodeBDBEndpointUnavailable}

func kindOf(status int, code api.ErrorCode) error {
	begins := func(with api.ErrorCode) bool { return strings.HasPrefix(string(code), string(with)) }
	if status == http.StatusServiceUnavailable && slices.ContainsFunc(unavailable, begins) {
		return ErrDatabaseUnavailable
	}
	if kind := kindsOfCode[code]; kind != nil && code.Status() == status {
		return kind
	}
	if kind := kindsOfStatus[status]; kind != nil {
		return kind
	}
	return ErrUnexpectedStatus
}

// pathIsUnknown reads a 404 without a code. To be about a thing, it has to have a body of the API, which may be empty, and a
// path that names a thing, which /v1/bdbs does not.
func pathIsUnknown(path string, body []byte, fields map[string]any) bool {
	_, hasCode := fields["error_code"]
	full := len(bytes.TrimSpace(body)) > 0 && (fields == nil || len(fields) > 0)
	return full && !hasCode || strings.Count(strings.Trim(path, "/"), "/") < 2
}

// An Error is an answer other than 200.
type Error struct {
	Status      int
	Code        string // error_code, one of api.ErrorCode or a cluster's own; empty if the body has none
	Description string // for people, as the server wrote it; may be empty
	Body        []byte // as it came, the first 64 KiB of it

	kind       error
	retryAfter string
}

// Error gives the description and, in brackets, status and code.
func (e *Error) Error() string {
	text := e.Description
	if text == "" {
		text = e.kind.Error()
	}
	if e.Code == "" {
		return fmt.Sprintf("%s (%d)", text, e.Status)
	}
	return fmt.Sprintf("%s (%d %s)", text, e.Status, e.Code)
}

// Unwrap returns the sentinel that the answer stands for.
func (e *Error) Unwrap() error { return e.kind }

// newError reads an answer to a request of path, which begins with that of the address.
func (c *Client) newError(resp *http.Response, path string, body []byte) *Error {
	e := &Error{Status: resp.StatusCode, Body: body, retryAfter: resp.Header.Get("Retry-After")}
	var fields map[string]any
	if json.Unmarshal(body, &fields) == nil {
		e.Code = text(fields, "error_code")
		e.Description = text(fields, "description", "message", "error_message")
	}
	e.kind = kindOf(e.Status, api.ErrorCode(e.Code))
	location := resp.Header.Get("Location")
	switch {
	case e.Status == http.StatusNotFound && e.Code == "" && pathIsUnknown(strings.TrimPrefix(path, c.base.Path), body, fields):
		e.kind, e.Description = ErrNoSuchPath, ""
	case e.Code == "" && c.asksForTLS(e.Status, body):
		e.kind, e.Description = ErrScheme, useHTTPS
	case e.Status/100 == 3 && location != "":
		e.kind, e.Description = ErrRedirect, "the server sends on to "+hostOf(location)+", and credentials are not sent to another host"
	}
	return e
}

// text returns the first of the keys that holds a string: the pages that document the bodies disagree about the name.
func text(fields map[string]any, keys ...string) string {
	for _, key := range keys {
		if s, ok := fields[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// hostOf leaves out the rest of the URL, which may carry a token.
func hostOf(location string) string {
	u, err := url.Parse(location)
	switch {
	case err != nil:
		return "an address that is not a URL"
	case u.Host == "":
		return "another path"
	}
	return u.Scheme + "://" + u.Host
}
