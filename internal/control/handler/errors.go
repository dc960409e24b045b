package handler

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
)

var (
	errForeignHost      = errors.New("expected localhost or a loopback address as the Host")
	errCrossOrigin      = errors.New("a browser sent this request for a page of another origin")
	errNotFound         = errors.New("there is nothing at this path")
	errMethodNotAllowed = errors.New("this path does not take this method")
	errParameter        = errors.New("parameter")
	errSchema           = errors.New("body")
	errMissingField     = errors.New("missing field")
	errSeed             = errors.New("seed")
	errNoFault          = errors.New("fault does not exist")
)

// RefusedSeed is a seed that cannot be loaded, and why.
type RefusedSeed struct{ Err error }

func (r *RefusedSeed) Error() string { return r.Err.Error() }

// Unwrap returns Err.
func (r *RefusedSeed) Unwrap() error { return r.Err }

// answers is the one place that knows which code an error travels as; the code knows its status.
var answers = []struct {
	err  error
	code api.ErrorCode
}{
	{errForeignHost, api.ErrorCodeForeignHost},
	{errCrossOrigin, api.ErrorCodeCrossOrigin},
	{errNotFound, api.ErrorCodeNotFound},
	{errMethodNotAllowed, api.ErrorCodeMethodNotAllowed},
	{errParameter, api.ErrorCodeParamError},
	{errSchema, api.ErrorCodeInvalidSchema},
	{errMissingField, api.ErrorCodeMissingField},
	{errSeed, api.ErrorCodeInvalidSeed},
	{errNoFault, api.ErrorCodeFaultNotExist},
	{control.ErrNotFrozen, api.ErrorCodeNotFrozen},
	{contract.ErrTooLarge, api.ErrorCodeRequestTooLarge},
}

// refusal is an error of the table with a text of its own for the client.
type refusal struct {
	kind        error
	description string
}

func refuse(kind error, description string) error { return &refusal{kind, description} }

func (r *refusal) Error() string { return r.description }
func (r *refusal) Unwrap() error { return r.kind }

// translated gives the errors of other packages their place in the table.
func translated(err error) error {
	if errors.Is(err, echo.ErrNotFound) {
		return errNotFound
	}
	if errors.Is(err, echo.ErrMethodNotAllowed) {
		return errMethodNotAllowed
	}
	if seed, ok := errors.AsType[*RefusedSeed](err); ok {
		return refuse(errSeed, seed.Error())
	}
	if field, ok := errors.AsType[*database.FieldError](err); ok {
		return refuse(errSchema, field.Error())
	}
	if mismatch, ok := errors.AsType[*contract.Mismatch](err); ok {
		return refuse(errSchema, mismatch.Error())
	}
	return err
}

// refuse is echo's HTTPErrorHandler. What the table does not know is a 500, and is in an event and nowhere else.
func (h *controls) refuse(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	err = translated(err)
	for _, a := range answers {
		if errors.Is(err, a.err) {
			_ = c.JSON(a.code.Status(), api.Error{ErrorCode: string(a.code), Description: err.Error()}) // if this fails, the client is gone
			return
		}
	}
	if ctx := c.Request().Context(); !errors.Is(err, context.Canceled) || ctx.Err() == nil {
		h.Events(ctx, event.ControlFailed{Method: c.Request().Method, Path: c.Path(), Err: err})
	}
	code := api.ErrorCodeInternalError
	_ = c.JSON(code.Status(), api.Error{ErrorCode: string(code), Description: "internal error"})
}
