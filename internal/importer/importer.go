// Package importer does the work of an import in the background: it fetches the files, checks all of them, loads them,
// and reports into the store.
package importer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/importer/source"
	"github.com/reimport/reimport/internal/store"
)

// Defaults returns what a Config gets for a 0.
func Defaults() Config {
	return Config{MaxDownload: 64 << 30, MaxFile: 64 << 30, MaxExpansion: 256 << 30, CheckTimeout: time.Hour, Parallel: 2}
}

// Config is what an Importer may do. SpoolDir, Now and Events are needed.
type Config struct {
	// MountPoints are the absolute directories below which mount_point sources may be read. Without any, none are.
	MountPoints []string
	// AllowPrivate lets downloads come from addresses that are not on the public internet, such as this host's own.
	AllowPrivate bool
	// SpoolDir keeps downloads until their import ends. It is made if it is missing.
	SpoolDir string
	// MaxDownload is the size in bytes of the largest file that is downloaded; 64 GiB for 0.
	MaxDownload int64
	// MaxFile is the size in bytes of the largest file below a mount point that is read; 64 GiB for 0.
	MaxFile int64
	// MaxExpansion is the size in bytes to which one gzip file may expand; 256 GiB for 0. Beyond the first GiB it may also
	// not expand to more than 200 times what was read of it, which real dumps stay far below.
	MaxExpansion int64
	// SpoolReserve is the number of bytes of SpoolDir's disk that downloads leave free; for 0, 256 MiB or 5 % of the disk,
	// whichever is more. A download that would take them ends as download-error.
	SpoolReserve int64
	// CheckTimeout is how long the check of all files of one import may take by the machine's clock; an hour for 0.
	CheckTimeout time.Duration
	// Parallel is the number of imports at once; 2 for 0. The rest wait in initializing.
	Parallel int
	// Sink says where keys go; nowhere if it is nil: the databases are simulated.
	Sink   OpenSink
	Now    func() time.Time
	Events event.Sink
}

// Importer runs imports. Its methods may be called from many goroutines.
type Importer struct {
	cfg     Config
	store   store.Store
	sources *source.Opener
	ctx     context.Context // ends the runs
	stop    context.CancelCauseFunc
	workers sync.WaitGroup

	mu      sync.Mutex
	queue   []job
	working int // workers, at most cfg.Parallel
	closed  bool
}

// job is an import that the store knows by its uid and run.
type job struct {
	uid int
	run string
}

// New returns an Importer that reports into st, or what is wrong with cfg. It removes what a dead process has left in
// SpoolDir. The caller closes the Importer, and st only after that.
func New(st store.Store, cfg Config) (*Importer, error) {
	switch {
	case cfg.MaxDownload < 0:
		return nil, errors.New("expected a largest download of 0 bytes or more")
	case cfg.MaxFile < 0:
		return nil, errors.New("expected a largest file of 0 bytes or more")
	case cfg.CheckTimeout < 0:
		return nil, errors.New("expected a time for a check of 0 or more")
	case cfg.MaxExpansion < 0:
		return nil, errors.New("expected a largest expansion of 0 bytes or more")
	case cfg.SpoolReserve < 0:
		return nil, errors.New("expected a spool reserve of 0 bytes or more")
	case cfg.Parallel < 0:
		return nil, errors.New("expected 0 parallel imports or more")
	case cfg.SpoolDir == "":
		return nil, errors.New("expected a spool directory")
	}
	defaults := Defaults()
	orDefault(&cfg.MaxDownload, defaults.MaxDownload)
	orDefault(&cfg.MaxFile, defaults.MaxFile)
	orDefault(&cfg.MaxExpansion, defaults.MaxExpansion)
	orDefault(&cfg.CheckTimeout, defaults.CheckTimeout)
	orDefault(&cfg.Parallel, defaults.Parallel)
	if cfg.Sink == nil {
		cfg.Sink = simulated(cfg.Events)
	}
	sources, err := source.New(source.Config{
		MountPoints: cfg.MountPoints, AllowPrivate: cfg.AllowPrivate, SpoolDir: cfg.SpoolDir,
		MaxDownload: cfg.MaxDownload, MaxFile: cfg.MaxFile, MaxExpansion: cfg.MaxExpansion, SpoolReserve: cfg.SpoolReserve,
	})
	if err != nil {
		return nil, err
	}
	im := &Importer{cfg: cfg, store: st, sources: sources}
	im.ctx, im.stop = context.WithCancelCause(context.Background())
	return im, nil
}

func simulated(events event.Sink) OpenSink {
	return func(_ context.Context, db *database.Database, files []rdb.Stats) (Sink, error) {
		return sink.NewDiscard(db.UID, files, events)
	}
}

func orDefault[T int | int64 | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

// CheckSources tells whether the sources may be asked for: nil or a *database.FieldError, which never quotes a URL.
func (im *Importer) CheckSources(sources []database.Source) error {
	for i, src := range sources {
		err := im.sources.Check(src)
		if field, ok := errors.AsType[*database.FieldError](err); ok {
			return &database.FieldError{Field: fmt.Sprintf("dataset_import_sources[%d].%s", i, field.Field), Expected: field.Expected}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// NewRun returns a run to give to database.StartImport.
func (im *Importer) NewRun() database.Run { return database.Run{ID: rand.Text()} }

// Start begins the run, which must be on disk. It returns at once; the run takes its turn.
func (im *Importer) Start(uid int, run string) {
	j := job{uid, run}
	if im.enqueue(j) {
		return
	}
	im.end(&attempt{job: j}, errShutdown)
}

// enqueue makes sure that a worker will see j, unless the Importer is closed.
func (im *Importer) enqueue(j job) bool {
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.closed {
		return false
	}
	im.queue = append(im.queue, j)
	if im.working < im.cfg.Parallel {
		im.working++
		im.workers.Go(im.work)
	}
	return true
}

// work runs jobs until there are none. Those that wait cost no goroutine.
func (im *Importer) work() {
	for {
		j, ok := im.next()
		if !ok {
			return
		}
		im.run(j)
	}
}

func (im *Importer) next() (job, bool) {
	im.mu.Lock()
	defer im.mu.Unlock()
	if len(im.queue) == 0 {
		im.working--
		return job{}, false
	}
	j := im.queue[0]
	im.queue = im.queue[1:]
	return j, true
}

// Close stops the imports under way, which end as failed, and those that wait likewise. It returns when nothing runs any more.
func (im *Importer) Close() error {
	im.mu.Lock()
	im.closed = true
	im.mu.Unlock()
	im.stop(errShutdown)
	im.workers.Wait()
	return nil
}

// Recover ends the imports that a dead process has left under way. Call it before the first Start. An import without a
// run stays as it is: such a record was made to show one.
func (im *Importer) Recover(ctx context.Context) error {
	tx, err := im.store.View(ctx)
	if err != nil {
		return err
	}
	for db := range store.Databases.All(tx) {
		var ended []database.EndedRun
		_, err := store.Update(ctx, im.store, store.Databases, db.UID, func(db *database.Database) (err error) {
			ended, err = db.EndAbandoned(func(database.Run) bool { return true })
			return err
		})
		if err != nil {
			return err
		}
		for _, run := range ended {
			im.cfg.Events(ctx, event.ImportRecovered{UID: db.UID, Run: run.ID, Reason: run.Reason})
		}
	}
	return nil
}
