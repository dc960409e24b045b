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
	"github.com/reimport/reimport/internal/store"
)

var errShutdown = errors.New("the server shuts down")

// fileError says which file an error is about.
type fileError struct {
	label string
	err   error
}

func (e *fileError) Error() string { return e.label + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// reason is what the API calls err. What is not about the files is a general error.
func reason(err error) database.FailureReason {
	if e, ok := errors.AsType[*tooLarge](err); ok {
		return database.FileLargerThanMemLimit(e.expected, e.limit)
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

// retryEvery is the time between two attempts to note a failure where the store cannot write, as on a full disk.
const retryEvery = time.Second

// end notes the outcome of a in the store, where a success is already, and reports it. Until the store has it, the
// database would look as if the import went on, so only shutdown ends the attempts; the next start notes it then.
func (im *Importer) end(a *attempt, err error) {
	report := func(e event.Event) { im.cfg.Events(im.ctx, e) }
	if err == nil {
		report(a.success())
		return
	}
	for told := false; !isLost(err); told = true {
		// The store is not to be held up by the shutdown that may have ended the run.
		_, failed := store.Update(context.Background(), im.store, store.Databases, a.uid, func(db *database.Database) error {
			return db.FailImport(a.run, reason(err))
		})
		if failed == nil {
			report(a.failure(err))
			return
		}
		if isLost(failed) {
			err = errors.Join(err, failed)
			break
		}
		if !told {
			report(event.ImportNotRecorded{UID: a.uid, Run: a.run, Err: errors.Join(err, failed)})
		}
		if !im.pause(retryEvery) {
			return
		}
	}
	report(event.ImportDropped{UID: a.uid, Run: a.run, Err: err})
}

// pause reports whether the time passed without a shutdown.
func (im *Importer) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-im.ctx.Done():
		return false
	}
}

// isLost tells that the record is not the run's any more, so that there is nothing to report to.
func isLost(err error) bool {
	return errors.Is(err, database.ErrStaleRun) || errors.Is(err, database.ErrNotExist)
}

func (a *attempt) success() event.ImportSucceeded {
	e := event.ImportSucceeded{UID: a.uid, Run: a.run, Files: len(a.files), Bytes: a.bytes, Duration: a.im.cfg.Now().Sub(a.began)}
	for _, f := range a.files {
		e.Keys += f.stats.Keys - f.stats.Expired - f.stats.Empty
		e.Expired += f.stats.Expired
		e.Empty += f.stats.Empty
	}
	return e
}

// failure separates what is wrong with the files from what is wrong with this server.
func (a *attempt) failure(err error) event.ImportFailed {
	why := reason(err)
	e := event.ImportFailed{UID: a.uid, Run: a.run, Reason: string(why), Ours: why == database.GeneralError, Err: err}
	if about, ok := errors.AsType[*fileError](err); ok {
		e.Source, e.Err = about.label, about.err
	}
	if damage, ok := errors.AsType[*rdb.Error](err); ok {
		e.Offset = &damage.Offset
	}
	if p, ok := errors.AsType[*panicked](err); ok {
		e.Stack = string(p.stack)
	}
	return e
}
