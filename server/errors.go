package server

import (
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/database"
)

// What the server itself refuses with, before a rule is asked.
var (
	errUnauthorized     = errors.New("user name or password is missing or wrong")
	errForbidden        = errors.New("this user's role lacks the permission")
	errCrossOrigin      = errors.New("a browser sent this request for a page of another origin")
	errHeadersTooLarge  = errors.New("the request line and the header are larger than 16384 bytes")
	errTooManyRequests  = errors.New("too many logins wait to be checked: try again later")
	errTooLarge         = errors.New("the request body is larger than 65536 bytes")
	errNotFound         = errors.New("there is nothing at this path")
	errMethodNotAllowed = errors.New("this path does not take this method")
	errParameter        = errors.New("parameter")
	errSchema           = errors.New("body")
	errMissingField     = errors.New("missing field")
	errMissingName      = errors.New("missing name")
	errMissingMemory    = errors.New("missing memory size")
	// What the operations about availability refuse with.
	errDatabaseNotFound    = errors.New("database does not exist in the cluster")
	errUnavailable         = errors.New("database is not available")
	errEndpointUnavailable = errors.New("endpoint is not available")

	errInternal = errors.New("internal error")
)

type answer struct {
	err  error
	code api.ErrorCode
}

// answers is the one place that knows which code an error travels as; the code knows its status. Package client reads the
// same codes backwards.
var answers = []answer{
	{errUnauthorized, api.ErrorCodeUnauthorized},
	{errForbidden, api.ErrorCodeUnauthorizedAction},
	{errCrossOrigin, api.ErrorCodeCrossOrigin},
	{errHeadersTooLarge, api.ErrorCodeHeadersTooLarge},
	{errTooManyRequests, api.ErrorCodeTooManyRequests},
	{errTooLarge, api.ErrorCodeRequestTooLarge},
	{errNotFound, api.ErrorCodeNotFound},
	{errMethodNotAllowed, api.ErrorCodeMethodNotAllowed},
	{errParameter, api.ErrorCodeParamError},
	{errSchema, api.ErrorCodeInvalidSchema},
	{errMissingField, api.ErrorCodeMissingField},
	{errMissingName, api.ErrorCodeMissingDBName},
	{errMissingMemory, api.ErrorCodeMissingMemorySize},
	{database.ErrNotExist, api.ErrorCodeDBNotExist},
	{errDatabaseNotFound, api.ErrorCodeDBNotFound},
	{errUnavailable, api.ErrorCodeBDBUnavailable},
	{errEndpointUnavailable, api.ErrorCodeBDBEndpointUnavailable},
	{database.ErrModuleNotExist, api.ErrorCodeModuleNotExist},
	{database.ErrUIDExists, api.ErrorCodeUIDExists},
	{database.ErrBusy, api.ErrorCodeBusy},
	{database.ErrUnsupportedModule, api.ErrorCodeUnsupportedModuleCapabilities},
	{database.ErrMissingModule, api.ErrorCodeMissingModule},
	{database.ErrMissingBackupInterval, api.ErrorCodeMissingBackupInterval},
	{database.ErrInsufficientResources, api.ErrorCodeInsufficientResources},
	{database.ErrPortUnavailable, api.ErrorCodePortUnavailable},
	{database.ErrMissingSources, api.ErrorCodeMissingField},
	{errInternal, api.ErrorCodeInternalError},
}

// errorOf returns an error that travels as code.
func errorOf(code api.ErrorCode) error {
	for _, a := range answers {
		if a.code == code {
			return a.err
		}
	}
	return errInternal
}

// refusal is an error of the table with a text of its own for the client.
type refusal struct {
	kind        error
	description string
}

func refuse(kind error, description string) error { return &refusal{kind, description} }

func (r *refusal) Error() string { return r.description }
func (r *refusal) Unwrap() error { return r.kind }

// answerTo returns what to tell the client about err: the words of the table or those of a refusal, never the chain around
// them. What the table does not know is a 500 and stays inside.
func answerTo(err error) (int, api.Error) {
	var field *database.FieldError
	if errors.As(err, &field) {
		err = refuse(errSchema, field.Error())
	}
	err = translated(err)
	var own *refusal
	if errors.As(err, &own) {
		err = own
	}
	for _, a := range answers {
		if !errors.Is(err, a.err) {
			continue
		}
		description := a.err.Error()
		if own != nil {
			description = own.description
		}
		return a.code.Status(), api.Error{ErrorCode: string(a.code), Description: description}
	}
	return api.ErrorCodeInternalError.Status(), api.Error{ErrorCode: string(api.ErrorCodeInternalError), Description: errInternal.Error()}
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
	case errors.Is(err, contract.ErrReadAgain): // within an error of echo's, and nobody's fault but ours
		return contract.ErrReadAgain
	case errors.As(err, &http) && http.Code/100 == 4:
		// Its text names Go's types.
		return refuse(errSchema, "request: expected what the contract describes")
	}
	return err
}
