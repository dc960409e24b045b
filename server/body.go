package server

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/contract"
)

// body is a request's body, read whole and decoded once. The generated code binds the value that was validated, and
// nobody reads the bytes again: a second decoder would understand some of them differently.
type body struct {
	data  []byte
	value any // what the contract's schema accepted
}

var errReadAgain = errors.New("the body has been decoded: nothing may read it again")

func (b *body) Read([]byte) (int, error) { return 0, errReadAgain }
func (b *body) Close() error             { return nil }

// ValidatedValue is what the generated code looks for.
func (b *body) ValidatedValue() any { return b.value }

// readBody reads the body, so that one that is too large is refused before anything else is looked at, whether its size
// was announced or not.
func readBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > contract.MaxBody {
			return errTooLarge
		}
		given := &body{}
		if r.Body != nil && r.Body != http.NoBody {
			data, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, contract.MaxBody))
			if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
				return errTooLarge
			}
			if err != nil {
				return refuse(errSchema, "body: expected all of it")
			}
			given.data = data
		}
		// Without a length, the generated code's fallback reads the body and fails.
		r.Body, r.ContentLength = given, -1
		return next(c)
	}
}
