package dataplane

import (
	"context"

	"github.com/reimport/reimport/internal/database"
)

// attached is a Redis that somebody else runs, with settings of its own.
type attached struct{}

func (attached) connect(ctx context.Context, db *database.Database) (*link, error) {
	endpoint, err := reachable(db.Redis)
	if err != nil {
		return nil, err
	}
	o, err := attachedOptions(db.Redis)
	if err != nil {
		return nil, err
	}
	l, err := dial(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	l.endpoint = endpoint
	return l, nil
}

func (attached) apply(context.Context, *link, *database.Database) error { return nil }

func (attached) has(*database.Database) bool { return true }

func (attached) clear() error { return nil }

func (attached) stop() error { return nil }
