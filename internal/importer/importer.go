// Package importer does the work of an import in the background: it fetches the files, checks all of them, loads them,
// and reports into the store.
package importer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/importer/source"
	"github.com/reimport/reimport/internal/run"
	"github.com/reimport/reimport/internal/store"
)

// Defaults returns what a Config gets for a 0.
func Defaults() Config {
	return Config{MaxDownload: 64 << 30, MaxFile: 64 << 30, MaxExpansion: 256 << 30, CheckTimeout: time.Hour, Downloads: 8, Loads: 2}
}

// Config is what an Importer may do. SpoolDir, Now and Events are needed. All times but Now's are the machine's.
type Config struct {
	// Owner is the identity of the node, as run.Identity returns it. Without one, "", it is new each time: what a process leaves
	// under way when it is killed then ends only when its lease does.
	Owner string
	// MountPoints are the absolute directories below which mount_point sources may be read. Without any, none are.
	MountPoints []string
	// AllowPrivate lets downloads come from addresses that are not on the public internet, such as this host's own.
	AllowPrivate bool
	// SpoolDir keeps downloads, and what gzip files inflate to, until their import ends. It is made if it is missing.
	SpoolDir string
	// SharedSpool says that SpoolDir is there and that what it holds is others': nothing is removed from it.
	SharedSpool bool
	// MaxDownload is the size in bytes of the largest file that is downloaded; 64 GiB for 0.
	MaxDownload int64
	// MaxFile is the size in bytes of the largest file below a mount point that is read; 64 GiB for 0.
	MaxFile int64
	// MaxExpansion is the size in bytes to which one gzip file may expand; 256 GiB for 0. Beyond the first GiB it may also
	// not expand to more than 200 times what was read of it, which real dumps stay far below.
	MaxExpansion int64
	// SpoolReserve is the number of bytes of SpoolDir's disk that are left free; for 0, 256 MiB or 5 % of the disk, whichever is
	// more. A download that would take them ends as download-error. A gzip file that would is inflated again for its load.
	SpoolReserve int64
	// CheckTimeout is how long the check of all files of one import may take by the machine's clock; an hour for 0.
	CheckTimeout time.Duration
	// Stall is how long a download may take for its next 64 KiB, connecting and headers included; 30 seconds for 0.
	Stall time.Duration
	// Downloads is the number of imports that download their files at once; 8 for 0. The rest wait in initializing.
	Downloads int
	// Loads is the number of imports that are checked and loaded at once; 2 for 0. The rest wait in initializing.
	Loads int
	// Sink says where keys go; nowhere if it is nil: the databases are simulated.
	Sink OpenSink
	// Erase erases what db holds, over a connection of its own, after a load into it has failed. It is needed if Sink is there
	// and a database is not simulated.
	Erase func(ctx context.Context, db *database.Database) error
	// Script returns the script of an import of db that starts, or nil if it has none. It is called before Start returns.
	Script func(db *database.Database) *Script
	// Now is the domain clock. It says which keys have expired, and nothing else.
	Now    func() time.Time
	Events event.Sink
}

// Importer runs imports. Its methods may be called from many goroutines.
type Importer struct {
	cfg         Config
	store       store.Store
	sources     *source.Opener
	runner      *run.Runner
	downloads   *run.Slots
	loads       *run.Slots
	reportEvery time.Duration
	reachWithin time.Duration
}

// New returns an Importer that reports into st, or what is wrong with cfg. It removes what a dead process has left in
// SpoolDir, unless that is shared. The caller closes the Importer, and st only after that.
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
	case cfg.Stall < 0:
		return nil, errors.New("expected a time for a stalled download of 0 or more")
	case cfg.Downloads < 0 || cfg.Loads < 0:
		return nil, errors.New("expected 0 downloads and loads at once or more")
	case cfg.SpoolDir == "":
		return nil, errors.New("expected a spool directory")
	}
	cfg.complete()
	sources, err := source.New(source.Config{
		MountPoints: cfg.MountPoints, AllowPrivate: cfg.AllowPrivate, SpoolDir: cfg.SpoolDir, SharedSpool: cfg.SharedSpool,
		MaxDownload: cfg.MaxDownload, MaxFile: cfg.MaxFile, MaxExpansion: cfg.MaxExpansion, SpoolReserve: cfg.SpoolReserve,
		Stall: cfg.Stall,
	})
	if err != nil {
		return nil, err
	}
	return &Importer{
		cfg: cfg, store: st, sources: sources, runner: run.New(st, cfg.Owner, cfg.Events),
		downloads: run.NewSlots(cfg.Downloads), loads: run.NewSlots(cfg.Loads), reportEvery: reportEvery, reachWithin: reachWithin,
	}, nil
}

// complete fills in what is left out.
func (cfg *Config) complete() {
	defaults := Defaults()
	orDefault(&cfg.MaxDownload, defaults.MaxDownload)
	orDefault(&cfg.MaxFile, defaults.MaxFile)
	orDefault(&cfg.MaxExpansion, defaults.MaxExpansion)
	orDefault(&cfg.CheckTimeout, defaults.CheckTimeout)
	orDefault(&cfg.Downloads, defaults.Downloads)
	orDefault(&cfg.Loads, defaults.Loads)
	if cfg.Owner == "" {
		cfg.Owner = rand.Text()
	}
	if cfg.Sink == nil {
		cfg.Sink = Simulated(cfg.Events)
	}
	if cfg.Script == nil {
		cfg.Script = func(*database.Database) *Script { return nil }
	}
}

// Simulated returns what opens the Sink of a database that has no Redis.
func Simulated(events event.Sink) OpenSink {
	return func(_ context.Context, o *Opening) (Sink, error) {
		if o.Err != nil {
			return nil, o.Err
		}
		return sink.NewDiscard(o.Database.UID, o.Files, events)
	}
}

func orDefault[T int | int64 | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

// CheckSources returns nil if the sources may be asked for, else a *database.FieldError, which never quotes a URL.
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
func (im *Importer) NewRun() database.Run { return im.runner.NewRun() }

// Start begins the import of db, which database.StartImport has begun and which is on disk. It returns at once; the run takes its
// turn. Downloads have bounds of their own, so that slow ones hold up nobody else.
func (im *Importer) Start(db *database.Database) {
	script := im.cfg.Script(db)
	scripted := script != nil
	if !scripted {
		script = &Script{Open: im.cfg.Sink, End: func() {}}
	}
	a := &attempt{im: im, uid: db.UID, run: db.Import.Run.ID, openSink: script.Open, scripted: scripted}
	slots := im.loads
	if slices.ContainsFunc(db.Import.Sources, source.IsDownload) {
		slots = im.downloads
	}
	im.runner.Start(run.Job{Operation: "import", UID: a.uid, Run: a.run, Slots: slots, Do: a.do, Fail: a.fail, Report: a.end, Over: script.End})
}

// Close stops the imports under way, which end as failed, and those that wait likewise. It returns when nothing runs any more.
func (im *Importer) Close() error {
	im.runner.Close()
	return nil
}

// Restart is Close for an Importer that goes on: it then takes new imports. Nothing else may be called meanwhile.
func (im *Importer) Restart() {
	im.runner.Close()
	im.runner = run.New(im.store, im.cfg.Owner, im.cfg.Events)
}

// Recover ends the imports that dead processes have left under way. Call it before the first Start. An import without a run
// stays as it is: such a record was made to show one.
func (im *Importer) Recover(ctx context.Context) error { return im.runner.Recover(ctx) }
