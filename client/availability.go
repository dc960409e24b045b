package client

import (
	"context"
	"net/http"
	"time"

	"github.com/reimport/reimport/gen/api"
)

// An AvailabilityOption says what CheckAvailability asks for.
type AvailabilityOption func(*availability)

type availability struct {
	local     bool
	lag       bool
	tolerance *int // milliseconds
}

// LocalEndpoint asks the node that answers for its own endpoint of the database, and not for the database as a whole.
func LocalEndpoint() AvailabilityOption { return func(a *availability) { a.local = true } }

// WithLag asks as well whether the database has caught up with the others of its Active-Active database. Clusters answer that
// any other database is not available.
func WithLag() AvailabilityOption { return func(a *availability) { a.lag = true } }

// LagWithin is WithLag with a tolerance in place of the cluster's, in whole milliseconds.
func LagWithin(tolerance time.Duration) AvailabilityOption {
	return func(a *availability) { a.lag, a.tolerance = true, new(int(tolerance.Milliseconds())) }
}

// CheckAvailability returns nil if clients can use the database, as the server says.
//
// Errors: ErrDatabaseUnavailable if they cannot, ErrNotFound, and those of any call.
func (c *Client) CheckAvailability(ctx context.Context, uid int, opts ...AvailabilityOption) error {
	var a availability
	for _, opt := range opts {
		opt(&a)
	}
	var extend *api.ExtendCheck
	if a.lag {
		extend = new("lag")
	}
	return c.do(ctx, onDatabase("check availability of", uid, func(base string) (*http.Request, error) {
		if a.local {
			return api.NewGetLocalBDBEndpointAvailabilityRequest(base, uid, &api.GetLocalBDBEndpointAvailabilityParams{ExtendCheck: extend, AvailabilityLagToleranceMs: a.tolerance})
		}
		return api.NewGetBDBAvailabilityRequest(base, uid, &api.GetBDBAvailabilityParams{ExtendCheck: extend, AvailabilityLagToleranceMs: a.tolerance})
	}))
}
