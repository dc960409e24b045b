package importer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/source"
	"github.com/reimport/reimport/internal/store"
)

// reportEvery is the time between two looks at the record: to note progress, and to see that it still is this run's.
const reportEvery = 250 * time.Millisecond

// attempt is one run under way.
type attempt struct {
	job
	im       *Importer
	ctx      context.Context
	began    time.Time // expiries are judged against it
	reported time.Time

	scanner *rdb.Scanner
	files   []*file
	bytes   int64 // in the files, as they are read
	loaded  int64 // of bytes
}

// file is one file of the import and what its check has found.
type file struct {
	*source.File
	stats  rdb.Stats
	offset int64  // of its end, uncompressed
	large  []span // values too long to hold, in their order
}

// run takes j from its place in the queue to its end.
func (im *Importer) run(j job) {
	now := im.cfg.Now()
	a := &attempt{job: j, im: im, ctx: im.ctx, began: now, reported: now}
	err := a.guarded()
	if errors.Is(err, context.Canceled) {
		err = errShutdown
	}
	im.end(a, err)
}

// guarded turns a panic into the failure of this import alone.
func (a *attempt) guarded() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{value: p, stack: debug.Stack()}
		}
	}()
	return a.do()
}

type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// do is the import. Nothing is loaded before all of the files are known to be whole.
func (a *attempt) do() error {
	db, err := a.record()
	if err != nil {
		return err
	}
	defer a.closeFiles()
	if err := a.fetch(db.Import.Sources); err != nil {
		return err
	}
	if err := a.check(db); err != nil {
		return err
	}
	if err := a.load(db); err != nil {
		return err
	}
	return a.update(context.WithoutCancel(a.ctx), func(db *database.Database) error { return db.SucceedImport(a.run) })
}

// record returns the database while its import is this run's.
func (a *attempt) record() (*database.Database, error) {
	db, err := store.Get(a.ctx, a.im.store, store.Databases, a.uid)
	if err == nil && !db.HasRun(a.run) {
		err = database.ErrStaleRun
	}
	return db, err
}

func (a *attempt) update(ctx context.Context, rule func(*database.Database) error) error {
	_, err := store.Update(ctx, a.im.store, store.Databases, a.uid, rule)
	return err
}

func (a *attempt) fetch(sources []database.Source) error {
	for _, src := range sources {
		f, err := a.im.sources.Open(a.ctx, src, a.watch)
		if err != nil {
			return &fileError{source.Label(src), err}
		}
		a.files = append(a.files, &file{File: f})
		a.bytes += f.Size
	}
	return nil
}

func (a *attempt) closeFiles() {
	for _, f := range a.files {
		_ = f.Close() // nothing was written that could be lost
	}
}

// watch is the meter of what is read before loading.
func (a *attempt) watch(int) error {
	if !a.due() {
		return context.Cause(a.ctx)
	}
	_, err := a.record()
	return err
}

// progress is the meter of what is read for loading.
func (a *attempt) progress(n int) error {
	a.loaded += int64(n)
	if !a.due() {
		return context.Cause(a.ctx)
	}
	percent := 100 * float64(a.loaded) / float64(max(a.bytes, 1))
	return a.update(a.ctx, func(db *database.Database) error { return db.ReportProgress(a.run, percent) })
}

func (a *attempt) due() bool {
	now := a.im.cfg.Now()
	if now.Sub(a.reported) < reportEvery {
		return false
	}
	a.reported = now
	return true
}
