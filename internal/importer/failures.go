package importer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/importer/source"
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

// end notes the outcome of a in the store, where a success is already, and tells the log. Until the store has it, the
// database would look as if the import went on, so only shutdown ends the attempts; the next start notes it then.
func (im *Importer) end(a *attempt, err error) {
	log := im.cfg.Log.With("uid", a.uid, "run", a.run)
	if err == nil {
		a.logSuccess(log)
		return
	}
	for told := false; !isLost(err); told = true {
		// The store is not to be held up by the shutdown that may have ended the run.
		_, failed := im.store.Update(context.Background(), a.uid, func(db *database.Database) error {
			return db.FailImport(a.run, reason(err))
		})
		if failed == nil {
			logFailure(log, err)
			return
		}
		if isLost(failed) {
			err = errors.Join(err, failed)
			break
		}
		if !told {
			log.Error("import failed, and its record could not be changed", "error", errors.Join(err, failed))
		}
		if !im.pause(retryEvery) {
			return
		}
	}
	log.Warn("import dropped: its record is gone or belongs to another run", "error", err)
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

func (a *attempt) logSuccess(log *slog.Logger) {
	var keys, expired, empty int64
	for _, f := range a.files {
		keys += f.stats.Keys
		expired += f.stats.Expired
		empty += f.stats.Empty
	}
	log.Info("import succeeded", "files", len(a.files), "keys", keys-expired-empty, "expired", expired, "empty", empty,
		"bytes", a.bytes, "duration", a.im.cfg.Now().Sub(a.began))
}

// logFailure warns of what is wrong with the files, and reports what is wrong with this server as an error.
func logFailure(log *slog.Logger, err error) {
	level, why := slog.LevelWarn, reason(err)
	if why == database.GeneralError {
		level = slog.LevelError
	}
	attrs := []any{"reason", why}
	if e, ok := errors.AsType[*fileError](err); ok {
		attrs, err = append(attrs, "source", e.label), e.err
	}
	if e, ok := errors.AsType[*rdb.Error](err); ok {
		attrs = append(attrs, "offset", e.Offset)
	}
	if e, ok := errors.AsType[*panicked](err); ok {
		attrs = append(attrs, "stack", string(e.stack))
	}
	log.Log(context.Background(), level, "import failed", append(attrs, "error", err)...)
}
