package server

import (
	"context"

	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// ResetBDBImportStatus implements PUT /v1/bdbs/{uid}/actions/import_reset_status.
func (s *Server) ResetBDBImportStatus(ctx context.Context, r rest.ResetBDBImportStatusRequestObject) (rest.ResetBDBImportStatusResponseObject, error) {
	_, err := store.Update(ctx, s.store, store.Databases, r.UID, func(db *database.Database) error { return db.ResetImportStatus(s.modules) })
	if err != nil {
		return nil, err
	}
	return rest.ResetBDBImportStatus200Response{}, nil
}

// StartBDBImport implements POST /v1/bdbs/{uid}/actions/import.
func (s *Server) StartBDBImport(ctx context.Context, r rest.StartBDBImportRequestObject) (rest.StartBDBImportResponseObject, error) {
	var sources []database.Source
	if r.Body != nil && r.Body.DatasetImportSources != nil {
		var err error
		if sources, err = s.sources(*r.Body.DatasetImportSources); err != nil {
			return nil, err
		}
	}
	run := s.importer.NewRun()
	db, err := store.Update(ctx, s.store, store.Databases, r.UID, func(db *database.Database) error { return db.StartImport(s.modules, sources, run) })
	if err != nil {
		return nil, err
	}
	s.importer.Start(db)
	return rest.StartBDBImport200Response{}, nil
}
