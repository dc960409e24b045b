package server

import (
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/contract"
)

// readBody reads the body before anything else is looked at.
func readBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := contract.ReadBody(c.Response(), c.Request(), contract.MaxBody)
		switch {
		case errors.Is(err, contract.ErrTooLarge):
			return errTooLarge
		case err != nil:
			return refuse(errSchema, err.Error())
		}
		return next(c)
	}
}
