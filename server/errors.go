package server

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// What the server itself refuses with, before a rule is asked.
var (
	errUnauthorized     = errors.New("user name or password is missing or wrong")
	errForbidden        = errors.New("this user's role lacks the permission")
	errCrossOrigin      = errors.New("a browser sent this request for a page of another origin")
	errHeadersTooLarge  = errors.New("the request line and the header are larger than 16384 bytes")
	errTooManyRequests  = errors.New("too many logins are waiting")
	errTooLarge         = errors.New("the request body is larger than 65536 bytes")
	errNotFound         = errors.New("there is nothing at this path")
	errMethodNotAllowed = errors.New("this path does not take this method")
	errParameter        = errors.New("parameter")
	errSchema           = errors.New("body")
	errMissingField     = errors.New("missing field")
	errMissingName      = errors.New("missing name")
	errMissingMemory    = errors.New("missing memory size")
)

type answer struct {
	err    error
	status int
	code   api.ErrorCode
}

// answers is the one place that knows how an error travels. Package client reads the same codes backwards.
var answers = []answer{
	{errUnauthorized, http.StatusUnauthorized, api.ErrorCodeUnauthorized},
	{errForbidden, http.StatusForbidden, api.ErrorCodeUnauthorizedAction},
	{errCrossOrigin, http.StatusForbidden, api.ErrorCodeCrossOrigin},
	{errHeadersTooLarge, http.StatusRequestHeaderFieldsTooLarge, api.ErrorCodeHeadersTooLarge},
	{errTooManyRequests, http.StatusTooManyRequests, api.ErrorCodeTooManyRequests},
	{errTooLarge, http.StatusRequestEntityTooLarge, api.ErrorCodeRequestTooLarge},
	{errNotFound, http.StatusNotFound, api.ErrorCodeNotFound},
	{errMethodNotAllowed, http.StatusMethodNotAllowed, api.ErrorCodeMethodNotAllowed},
	{errParameter, http.StatusBadRequest, api.ErrorCodeParamError},
	{errSchema, http.StatusBadRequest, api.ErrorCodeInvalidSchema},
	{errMissingField, http.StatusBadRequest, api.ErrorCodeMissingField},
	{errMissingName, http.StatusNotAcceptable, api.ErrorCodeMissingDBName},
	{errMissingMemory, http.StatusNotAcceptable, api.ErrorCodeMissingMemorySize},
	{database.ErrNotExist, http.StatusNotFound, api.ErrorCodeDBNotExist},
	{database.ErrModuleNotExist, http.StatusNotFound, api.ErrorCodeModuleNotExist},
	{database.ErrUIDExists, http.StatusConflict, api.ErrorCodeUIDExists},
	{database.ErrBusy, http.StatusConflict, api.ErrorCodeBusy},
	{database.ErrUnsupportedModule, http.StatusNotAcceptable, api.ErrorCodeUnsupportedModuleCapabilities},
	{database.ErrMissingModule, http.StatusNotAcceptable, api.ErrorCodeMissingModule},
	{database.ErrMissingBackupInterval, http.StatusNotAcceptable, api.ErrorCodeMissingBackupInterval},
	{database.ErrMissingSources, http.StatusBadRequest, api.ErrorCodeMissingField},
}

// refusal is an error of the table with a text of its own for the client.
type refusal struct {
	kind        error
	description string
}

func refuse(kind error, description string) error { return &refusal{kind, description} }

func (r *refusal) Error() string { return r.description }
func (r *refusal) Unwrap() error { return r.kind }

// answerTo returns what to tell the client about err. What the table does not know is a 500 and stays inside.
func answerTo(err error) (int, api.Error) {
	var field *database.FieldError
	if errors.As(err, &field) {
		err = refuse(errSchema, field.Error())
	}
	err = translated(err)
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return a.status, api.Error{ErrorCode: string(a.code), Description: err.Error()}
		}
	}
	return http.StatusInternalServerError, api.Error{ErrorCode: string(api.ErrorCodeInternalError), Description: "internal error"}
}

// translated gives errors of echo and of the generated code, which are about routes and about reading a request, their
// place in the table.
func translated(err error) error {
	var http *echo.HTTPError
	switch {
	case errors.Is(err, echo.ErrNotFound):
		return errNotFound
	case errors.Is(err, echo.ErrMethodNotAllowed):
		return errMethodNotAllowed
	case errors.Is(err, errReadAgain): // within an error of echo's, and nobody's fault but ours
		return errReadAgain
	case errors.As(err, &http) && http.Code/100 == 4:
		// Its text names Go's types.
		return refuse(errSchema, "request: expected what the contract describes")
	}
	return err
}
