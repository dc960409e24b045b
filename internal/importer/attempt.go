package importer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/source"
	"github.com/reimport/reimport/internal/run"
	"github.com/reimport/reimport/internal/store"
)

// attempt is one run.
type attempt struct {
	im       *Importer
	uid      int
	run      string
	openSink OpenSink
	scripted bool // it loads nothing

	// What follows is of a run that has begun.
	ctx   context.Context
	began time.Time
	turn  *run.Turn
	given bool // the files and the turn are given up

	scanner *rdb.Scanner
	files   []*file
	bytes   int64 // in the files, as they are
	load    meter
}

// file is one file of the import and what its check has found.
type file struct {
	*source.File
	stats  rdb.Stats
	offset int64  // of its end, uncompressed
	large  []span // values too long to hold, in their order
}

// do is the import. Nothing is loaded before all of the files are known to be whole.
func (a *attempt) do(ctx context.Context, db *database.Database, turn *run.Turn) error {
	a.ctx, a.turn, a.began = ctx, turn, time.Now()
	defer a.release()
	err := a.fetch(db.Import.Sources)
	if err == nil {
		err = a.check(db)
	}
	if ctx.Err() != nil {
		return err
	}
	if err := a.fill(db, err); err != nil {
		return err
	}
	return a.update(context.WithoutCancel(ctx), func(db *database.Database) error {
		return errors.Join(db.ReportProgress(a.run, 100, a.load.whole()), db.SucceedImport(a.run))
	})
}

func (a *attempt) update(ctx context.Context, rule func(*database.Database) error) error {
	_, err := store.Update(ctx, a.im.store, store.Databases, a.uid, rule)
	return err
}

// fetch opens the files and takes the turn to check and load them. Downloads keep theirs until then, which bounds what the
// spool holds.
func (a *attempt) fetch(sources []database.Source) error {
	if err := a.open(sources); err != nil || !slices.ContainsFunc(sources, source.IsDownload) {
		return err
	}
	return a.turn.Move(a.ctx, a.im.loads)
}

func (a *attempt) open(sources []database.Source) error {
	for _, src := range sources {
		f, err := a.im.sources.Open(a.ctx, src)
		if err != nil {
			return &fileError{source.Label(src), err}
		}
		a.files = append(a.files, &file{File: f})
		a.bytes += f.Size
	}
	return nil
}

// release gives up the files and the turn.
func (a *attempt) release() {
	a.given = true
	for _, f := range a.files {
		_ = f.Close() // nothing was written that could be lost; a second time nothing happens
	}
	a.turn.Give()
}
