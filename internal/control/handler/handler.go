// Package handler serves the emulator's controls over HTTP, by controls.yaml.
package handler

import (
	"context"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/control/rest"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/seed"
)

// Cluster is the emulated cluster, as the controls see it.
type Cluster struct {
	URL, CA  string // of the API
	Emulator *control.Emulator
	Reset    func(context.Context) error
	// Load returns a *RefusedSeed if the seed is to blame.
	Load func(context.Context, *seed.Seed) error
	Dump func(context.Context) (*seed.Seed, error)
	// Ending ends when no request is to wait any longer, as the listener is about to close.
	Ending context.Context
	// Events takes what goes wrong.
	Events event.Sink
}

// controls implements the operations of the contract.
type controls struct{ Cluster }

// New returns the handler of the controls of a cluster.
func New(c Cluster) (http.Handler, error) {
	doc, err := openapi3.NewLoader().LoadFromData(control.Controls)
	if err != nil {
		return nil, fmt.Errorf("controls: %w", err)
	}
	h := &controls{c}
	e := echo.New()
	e.HTTPErrorHandler = h.refuse
	e.Use(refuseStrangers, refuseLongerPath)
	guards := map[string][]echo.MiddlewareFunc{}
	for _, op := range contract.Of(doc).Operations {
		guards[op.ID] = []echo.MiddlewareFunc{guard(op)}
	}
	rest.RegisterHandlersWithOptions(e, rest.NewStrictHandler(h, nil), rest.RegisterHandlersOptions{OperationMiddlewares: guards})
	e.GET("/openapi.json", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, control.Controls) })
	return e, nil
}
