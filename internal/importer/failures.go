package importer

import (
	"context"
	"errors"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/importer/source"
	"github.com/reimport/reimport/internal/run"
)

// fileError says which file an error is about.
type fileError struct {
	label string
	err   error
}

func (e *fileError) Error() string { return e.label + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// reason is what the API calls err. What is not about the files is a general error.
func reason(err error) database.FailureReason {
	if e, ok := errors.AsType[*database.ImportError](err); ok {
		return e.Reason
	}
	switch {
	case errors.Is(err, sink.ErrOutOfMemory):
		return database.OutOfMemory
	case errors.Is(err, source.ErrUnavailable):
		return database.DownloadError
	case errors.Is(err, source.ErrDamaged), errors.Is(err, rdb.ErrCorrupt):
		return database.FileCorrupted
	case errors.Is(err, rdb.ErrKeyTooLong):
		return database.KeyTooLong
	case errors.Is(err, rdb.ErrBulkLength):
		return database.InvalidBulkLength
	}
	return database.GeneralError
}

// fail is the rule that notes why the run has failed.
func (a *attempt) fail(db *database.Database, why error) error {
	return db.FailImport(a.run, reason(why))
}

// end reports how the run has ended.
func (a *attempt) end(why error) {
	var e event.Event = a.success()
	if why != nil {
		e = a.failure(why)
	}
	a.im.cfg.Events(context.Background(), e)
}

func (a *attempt) success() event.ImportSucceeded {
	e := event.ImportSucceeded{
		UID: a.uid, Run: a.run, Files: len(a.files), Bytes: a.bytes, Duration: time.Since(a.began),
		Load: a.load.took, KeysPerSecond: a.load.whole().KeysPerSecond,
	}
	e.Keys, e.Expired, e.Empty = a.count()
	return e
}

// count returns how many keys the files have, by what becomes of them.
func (a *attempt) count() (loaded, expired, empty int64) {
	for _, f := range a.files {
		loaded += f.stats.Loaded()
		expired += f.stats.Expired
		empty += f.stats.Empty
	}
	return loaded, expired, empty
}

// failure separates what is wrong with the files from what is wrong with this server.
func (a *attempt) failure(err error) event.ImportFailed {
	why := reason(err)
	_, known := errors.AsType[*database.ImportError](err)
	e := event.ImportFailed{UID: a.uid, Run: a.run, Reason: string(why), Ours: why == database.GeneralError && !known, Err: err}
	if about, ok := errors.AsType[*fileError](err); ok {
		e.Source, e.Err = about.label, about.err
	}
	if damage, ok := errors.AsType[*rdb.Error](err); ok {
		e.Offset = &damage.Offset
	}
	if p, ok := errors.AsType[*run.Panic](err); ok {
		e.Stack = string(p.Stack)
	}
	return e
}
