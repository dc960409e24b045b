package node

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/dataplane"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/store"
)

// The values of Config.DataPlane.
const (
	DataPlaneSimulated = "simulated"
	DataPlaneLocal     = "local"
	DataPlaneAuto      = "auto"
)

// chosen is what becomes of Config.DataPlane on this machine.
type chosen struct {
	plane   database.DataPlane
	program string // of a local data plane
	why     error  // why it is simulated although it need not be
}

func choose(given string) (c chosen, err error) {
	switch given {
	case "", DataPlaneSimulated:
		return c, nil
	case DataPlaneLocal, DataPlaneAuto:
	default:
		return c, &ConfigError{"data-plane", errors.New("expected simulated, local or auto")}
	}
	c.program, err = dataplane.FindProgram()
	if err != nil && given == DataPlaneAuto {
		return chosen{why: err}, nil
	}
	if err != nil {
		return c, &ConfigError{"data-plane", err}
	}
	c.plane = database.Local
	return c, nil
}

// openPlane makes the data plane, which looks after nothing before startPlane.
func (n *Node) openPlane(context.Context) (err error) {
	if n.chosen, err = choose(n.cfg.DataPlane); err != nil {
		return err
	}
	n.plane, err = dataplane.New(n.store, dataplane.Config{
		Dir: filepath.Join(n.dir, "redis"), Temporary: n.cfg.DataDir == "", Program: n.chosen.program, Erase: sink.Erase, Events: n.cfg.Events,
	})
	if err != nil {
		return err
	}
	n.onClose(n.plane.Close)
	return nil
}

func (n *Node) startPlane(ctx context.Context) error {
	tx, err := n.store.View(ctx)
	if err != nil {
		return err
	}
	e := event.DataPlaneChosen{DataPlane: DataPlaneSimulated, Program: n.chosen.program, Why: n.chosen.why}
	if n.chosen.plane == database.Local {
		e.DataPlane = DataPlaneLocal
	}
	for db := range store.Databases.All(tx) {
		switch db.DataPlane {
		case database.Simulated:
			e.Simulated++
		case database.Local:
			e.Local++
		case database.Attached:
			e.Attached++
		}
	}
	n.cfg.Events(ctx, e)
	return n.plane.Start(ctx)
}

// openSink says where the keys of an import go.
func (n *Node) openSink() importer.OpenSink {
	simulated := importer.Simulated(n.cfg.Events)
	return func(ctx context.Context, o *importer.Opening) (importer.Sink, error) {
		if o.Database.DataPlane == database.Simulated {
			return simulated(ctx, o)
		}
		if o.Err != nil {
			return nil, o.Err
		}
		to, err := n.plane.Options(o.Database)
		if err != nil {
			return nil, err
		}
		return sink.NewRedis(ctx, to, sink.Import{Files: o.Files, AnyMemory: o.Database.SkipImportAnalyze})
	}
}

// erase removes what a failed import has left in the database.
func (n *Node) erase(ctx context.Context, db *database.Database) error {
	to, err := n.plane.Options(db)
	if err != nil {
		return err
	}
	return sink.Erase(ctx, to)
}
