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

// ListBDBs implements GET /v1/bdbs.
func (s *Server) ListBDBs(ctx context.Context, r rest.ListBDBsRequestObject) (rest.ListBDBsResponseObject, error) {
	tx, err := s.store.View(ctx)
	if err != nil {
		return nil, err
	}
	fields := s.views.projection(r.Params.Fields)
	return &listing{
		ctx: ctx, turns: s.listings, databases: store.Databases.All(tx),
		append: func(b []byte, db *database.Database) []byte { return s.views.append(b, db, fields) },
	}, nil
}

// CreateBDB implements POST /v1/bdbs.
func (s *Server) CreateBDB(ctx context.Context, r rest.CreateBDBRequestObject) (rest.CreateBDBResponseObject, error) {
	change, err := s.creation(r.Body)
	if err != nil {
		return nil, err
	}
	plane := s.plane
	if value(r.Body.Type) == "memcached" {
		plane = database.Simulated
	}
	db, err := database.New(value(r.Body.UID), value(r.Body.Type), plane, change, s.modules, s.now())
	if err != nil {
		return nil, err
	}
	if db, err = s.create(ctx, db, dry(r.Params.DryRun)); err != nil {
		return nil, err
	}
	return s.views.of(db, nil), nil
}

// GetBDB implements GET /v1/bdbs/{uid}.
func (s *Server) GetBDB(ctx context.Context, r rest.GetBDBRequestObject) (rest.GetBDBResponseObject, error) {
	db, err := store.Get(ctx, s.store, store.Databases, r.UID)
	if err != nil {
		return nil, err
	}
	return s.views.of(db, r.Params.Fields), nil
}

// UpdateBDB implements PUT /v1/bdbs/{uid}.
func (s *Server) UpdateBDB(ctx context.Context, r rest.UpdateBDBRequestObject) (rest.UpdateBDBResponseObject, error) {
	change, err := s.change(r.Body, r.Body)
	if err != nil {
		return nil, err
	}
	now := s.now()
	rule := func(tx *store.Tx, db *database.Database) error {
		if err := s.views.stillShown(ctx, db); err != nil {
			return err
		}
		before := *db
		if err := db.Update(change, s.modules, now); err != nil {
			return err
		}
		return s.fits(tx, db, &before)
	}
	db, err := s.update(ctx, r.UID, dry(r.Params.DryRun), rule)
	if err != nil {
		return nil, err
	}
	return s.views.of(db, nil), nil
}

// DeleteBDB implements DELETE /v1/bdbs/{uid}. The data plane removes the record of a database that has a Redis, after that.
func (s *Server) DeleteBDB(ctx context.Context, r rest.DeleteBDBRequestObject) (rest.DeleteBDBResponseObject, error) {
	var deleted *database.Database
	err := s.store.Update(ctx, func(tx *store.Tx) (err error) {
		deleted, err = store.Databases.Get(tx, r.UID)
		if err != nil {
			return err
		}
		if err := deleted.Delete(); err != nil {
			return err
		}
		if deleted.DataPlane != database.Simulated {
			return store.Databases.Put(tx, deleted)
		}
		return store.Databases.Delete(tx, r.UID)
	})
	if err != nil {
		return nil, err
	}
	return s.views.deleted(deleted), nil
}

// create stores a new database, or only says what would be stored.
func (s *Server) create(ctx context.Context, db *database.Database, dry bool) (created *database.Database, err error) {
	if dry {
		tx, err := s.store.View(ctx)
		if err != nil {
			return nil, err
		}
		if err := s.fits(tx, db, nil); err != nil {
			return nil, err
		}
		db.UID, err = freeUID(tx, db.UID)
		return db, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if err := s.fits(tx, db, nil); err != nil {
			return err
		}
		created, err = store.Insert(tx, db)
		return err
	})
	return created, err
}

// freeUID returns the uid that a database created now gets, which is uid unless that is 0.
func freeUID(tx *store.Tx, uid int) (int, error) {
	if uid == 0 {
		return store.NextUID(tx), nil
	}
	_, err := store.Databases.Get(tx, uid)
	switch {
	case errors.Is(err, database.ErrNotExist):
		return uid, nil
	case err == nil:
		err = database.ErrUIDExists
	}
	return 0, err
}

// update applies rule to the stored record, or only to a copy of it.
func (s *Server) update(ctx context.Context, uid int, dry bool, rule func(*store.Tx, *database.Database) error) (*database.Database, error) {
	if !dry {
		return store.UpdateAmong(ctx, s.store, store.Databases, uid, rule)
	}
	tx, err := s.store.View(ctx)
	if err != nil {
		return nil, err
	}
	db, err := store.Databases.Get(tx, uid)
	if err != nil {
		return nil, err
	}
	return db, rule(tx, db)
}

// fits returns why a database has no place in the cluster. before is what it was, nil for a new one.
func (s *Server) fits(tx *store.Tx, db, before *database.Database) error {
	err := db.Fits(before, store.Databases.All(tx), s.memory)
	if errors.Is(err, database.ErrInsufficientResources) {
		err = refuse(err, fmt.Sprintf("memory_size: expected no more than is left of the cluster's %d bytes", s.memory))
	}
	return err
}

// shown returns the named members of a database as GET shows them, decoded as a request is; nil if it does not exist.
func (s *Server) shown(ctx context.Context, uid int, names []string) (map[string]any, error) {
	db, err := store.Get(ctx, s.store, store.Databases, uid)
	if errors.Is(err, database.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.views.members(db, names)
}

// dry reads the flag `?dry_run`, which may come without a value.
func dry(flag *api.DryRun) bool { return flag != nil && *flag != "false" && *flag != "0" }

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
