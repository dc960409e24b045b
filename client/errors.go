package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/reimport/reimport/gen/api"
)

// What a server answers, for errors.Is. Each comes inside an *Error.
var (
	ErrInvalid           = errors.New("the request is not valid")
	ErrUnauthorized      = errors.New("the credentials are missing or wrong")
	ErrForbidden         = errors.New("the user's role does not allow this")
	ErrNotFound          = errors.New("there is no such thing")
	ErrMethodNotAllowed  = errors.New("the path does not take this method")
	ErrUnsupportedModule = errors.New("a module of the database cannot do this")
	ErrBusy              = errors.New("the database is busy")
	ErrUIDExists         = errors.New("the uid is taken")
	ErrTooLarge          = errors.New("the request is too large")
	ErrRateLimited       = errors.New("too many requests")
	ErrInternal          = errors.New("the server failed")
	ErrUnavailable       = errors.New("the server is not available")
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

// kinds is the table of the server's errors read backwards. Where several rows have one status, the one without a code
// stands for all codes that the contract does not know: a cluster has more, and answers some statuses without a body.
var kinds = []struct {
	status int
	code   api.ErrorCode
	kind   error
}{
	{http.StatusBadRequest, "", ErrInvalid},
	{http.StatusBadRequest, api.ErrorCodeParamError, ErrInvalid},
	{http.StatusBadRequest, api.ErrorCodeInvalidSchema, ErrInvalid},
	{http.StatusBadRequest, api.ErrorCodeMissingField, ErrInvalid},
	{http.StatusUnauthorized, "", ErrUnauthorized},
	{http.StatusUnauthorized, api.ErrorCodeUnauthorized, ErrUnauthorized},
	{http.StatusForbidden, "", ErrForbidden},
	{http.StatusForbidden, api.ErrorCodeUnauthorizedAction, ErrForbidden},
	{http.StatusForbidden, api.ErrorCodeCrossOrigin, ErrForbidden},
	{http.StatusNotFound, "", ErrNotFound},
	{http.StatusNotFound, api.ErrorCodeNotFound, ErrNotFound},
	{http.StatusNotFound, api.ErrorCodeDBNotExist, ErrNotFound},
	{http.StatusNotFound, api.ErrorCodeModuleNotExist, ErrNotFound},
	{http.StatusMethodNotAllowed, "", ErrMethodNotAllowed},
	{http.StatusMethodNotAllowed, api.ErrorCodeMethodNotAllowed, ErrMethodNotAllowed},
	{http.StatusNotAcceptable, "", ErrInvalid},
	{http.StatusNotAcceptable, api.ErrorCodeMissingDBName, ErrInvalid},
	{http.StatusNotAcceptable, api.ErrorCodeMissingMemorySize, ErrInvalid},
	{http.StatusNotAcceptable, api.ErrorCodeMissingModule, ErrInvalid},
	{http.StatusNotAcceptable, api.ErrorCodeMissingBackupInterval, ErrInvalid},
	{http.StatusNotAcceptable, api.ErrorCodeUnsupportedModuleCapabilities, ErrUnsupportedModule},
	{http.StatusConflict, "", ErrBusy},
	{http.StatusConflict, api.ErrorCodeBusy, ErrBusy},
	{http.StatusConflict, api.ErrorCodeUIDExists, ErrUIDExists},
	{http.StatusRequestEntityTooLarge, "", ErrTooLarge},
	{http.StatusRequestEntityTooLarge, api.ErrorCodeRequestTooLarge, ErrTooLarge},
	{http.StatusRequestHeaderFieldsTooLarge, "", ErrTooLarge},
	{http.StatusRequestHeaderFieldsTooLarge, api.ErrorCodeHeadersTooLarge, ErrTooLarge},
	{http.StatusTooManyRequests, "", ErrRateLimited},
	{http.StatusTooManyRequests, api.ErrorCodeTooManyRequests, ErrRateLimited},
	{http.StatusInternalServerError, "", ErrInternal},
	{http.StatusInternalServerError, api.ErrorCodeInternalError, ErrInternal},
	{http.StatusBadGateway, "", ErrUnavailable},
	{http.StatusServiceUnavailable, "", ErrUnavailable},
	{http.StatusGatewayTimeout, "", ErrUnavailable},
}

func kindOf(status int, code string) error {
	kind := ErrUnexpectedStatus
	for _, k := range kinds {
		if k.status == status && string(k.code) == code {
			return k.kind
		}
		if k.status == status && k.code == "" {
			kind = k.kind
		}
	}
	return kind
}

// An Error is an answer other than 200.
type Error struct {
	Status      int
	Code        string // error_code, one of api.ErrorCode or a cluster's own; empty where the body has none
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

func newError(resp *http.Response, body []byte) *Error {
	e := &Error{Status: resp.StatusCode, Body: body, retryAfter: resp.Header.Get("Retry-After")}
	var fields map[string]any
	if json.Unmarshal(body, &fields) == nil {
		e.Code = text(fields, "error_code")
		e.Description = text(fields, "description", "message", "error_message")
	}
	e.kind = kindOf(e.Status, e.Code)
	if location := resp.Header.Get("Location"); e.Status/100 == 3 && location != "" {
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
