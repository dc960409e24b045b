package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// GetBDBAvailability implements GET /v1/bdbs/{uid}/availability.
func (s *Server) GetBDBAvailability(ctx context.Context, r rest.GetBDBAvailabilityRequestObject) (rest.GetBDBAvailabilityResponseObject, error) {
	available, err := s.available(ctx, r.UID, r.Params.ExtendCheck)
	if err == nil && !available {
		err = refuse(errUnavailable, fmt.Sprintf("BDB %d is not available", r.UID))
	}
	if err != nil {
		return nil, err
	}
	return rest.GetBDBAvailability200Response{}, nil
}

// GetLocalBDBEndpointAvailability implements GET /v1/local/bdbs/{uid}/endpoint/availability. The node is the only one, and its
// number is 1.
func (s *Server) GetLocalBDBEndpointAvailability(ctx context.Context, r rest.GetLocalBDBEndpointAvailabilityRequestObject) (rest.GetLocalBDBEndpointAvailabilityResponseObject, error) {
	available, err := s.available(ctx, r.UID, r.Params.ExtendCheck)
	if err == nil && !available {
		err = refuse(errEndpointUnavailable, fmt.Sprintf("Local endpoint of BDB %d on node 1 is not available", r.UID))
	}
	if err != nil {
		return nil, err
	}
	return rest.GetLocalBDBEndpointAvailability200Response{}, nil
}

// available reports whether clients can use a database. What extended asks for beyond that is its lag, which is 0 if it has one.
func (s *Server) available(ctx context.Context, uid int, extended *api.ExtendCheck) (bool, error) {
	db, err := store.Get(ctx, s.store, store.Databases, uid)
	if errors.Is(err, database.ErrNotExist) {
		err = errDatabaseNotFound
	}
	if err != nil {
		return false, err
	}
	return db.Available() && (extended == nil || db.ActiveActive()), nil
}
