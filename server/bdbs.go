package server

import (
	"context"
	"errors"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/database"
)

// ListBDBs implements GET /v1/bdbs.
func (s *Server) ListBDBs(ctx context.Context, r rest.ListBDBsRequestObject) (rest.ListBDBsResponseObject, error) {
	all, err := s.store.List(ctx)
	if err != nil {
		return nil, err
	}
	bdbs := make(rest.ListBDBs200JSONResponse, len(all))
	for i, db := range all {
		if bdbs[i], err = s.views.of(db, r.Params.Fields); err != nil {
			return nil, err
		}
	}
	return bdbs, nil
}

// CreateBDB implements POST /v1/bdbs.
func (s *Server) CreateBDB(ctx context.Context, r rest.CreateBDBRequestObject) (rest.CreateBDBResponseObject, error) {
	change, err := s.change(r.Body)
	if err != nil {
		return nil, err
	}
	db, err := database.New(value(r.Body.UID), value(r.Body.Type), change, s.modules, s.now())
	if err != nil {
		return nil, err
	}
	if dry(r.Params.DryRun) {
		err = s.free(ctx, db.UID)
	} else {
		db, err = s.store.Create(ctx, db)
	}
	if err != nil {
		return nil, err
	}
	bdb, err := s.views.of(db, nil)
	return rest.CreateBDB200JSONResponse{BDBJSONResponse: rest.BDBJSONResponse(bdb)}, err
}

// GetBDB implements GET /v1/bdbs/{uid}.
func (s *Server) GetBDB(ctx context.Context, r rest.GetBDBRequestObject) (rest.GetBDBResponseObject, error) {
	db, err := s.store.Get(ctx, r.UID)
	if err != nil {
		return nil, err
	}
	bdb, err := s.views.of(db, r.Params.Fields)
	return rest.GetBDB200JSONResponse{BDBJSONResponse: rest.BDBJSONResponse(bdb)}, err
}

// UpdateBDB implements PUT /v1/bdbs/{uid}.
func (s *Server) UpdateBDB(ctx context.Context, r rest.UpdateBDBRequestObject) (rest.UpdateBDBResponseObject, error) {
	change, err := s.change(r.Body)
	if err != nil {
		return nil, err
	}
	now := s.now()
	rule := func(db *database.Database) error { return db.Update(change, s.modules, now) }
	db, err := s.update(ctx, r.UID, dry(r.Params.DryRun), rule)
	if err != nil {
		return nil, err
	}
	bdb, err := s.views.of(db, nil)
	return rest.UpdateBDB200JSONResponse{BDBJSONResponse: rest.BDBJSONResponse(bdb)}, err
}

// DeleteBDB implements DELETE /v1/bdbs/{uid}.
func (s *Server) DeleteBDB(ctx context.Context, r rest.DeleteBDBRequestObject) (rest.DeleteBDBResponseObject, error) {
	if err := s.store.Delete(ctx, r.UID, (*database.Database).Delete); err != nil {
		return nil, err
	}
	return rest.DeleteBDB200Response{}, nil
}

// update applies rule to the stored record, or only to a copy of it.
func (s *Server) update(ctx context.Context, uid int, dry bool, rule func(*database.Database) error) (*database.Database, error) {
	if !dry {
		return s.store.Update(ctx, uid, rule)
	}
	db, err := s.store.Get(ctx, uid)
	if err != nil {
		return nil, err
	}
	return db, rule(db)
}

// free reports whether a database with this uid could be created.
func (s *Server) free(ctx context.Context, uid int) error {
	_, err := s.store.Get(ctx, uid)
	switch {
	case errors.Is(err, database.ErrNotExist):
		return nil
	case err == nil:
		return database.ErrUIDExists
	}
	return err
}

// dry reads the flag `?dry_run`, which may come without a value.
func dry(flag *api.DryRun) bool { return flag != nil && *flag != "false" }

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
