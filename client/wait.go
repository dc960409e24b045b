package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/reimport/reimport/gen/api"
)

// The first pauses between two looks. A small import is over in no time, and a new database is there even sooner.
const (
	firstLook      = 250 * time.Millisecond
	firstLookAtNew = 25 * time.Millisecond
)

// How a wait ends without success.
var (
	// ErrImportFailed is an import that ended as failed. It comes as an *ImportFailedError, which has the reason.
	ErrImportFailed = errors.New("the import failed")
	// ErrNoImport is a database on which no import runs and none has ended since the last reset.
	ErrNoImport = errors.New("there is no import to wait for")
	// ErrCreationFailed is a database that the server could not create. It has the status creation-failed until it is deleted.
	ErrCreationFailed = errors.New("the creation of the database failed")
)

// An ImportFailedError is the end of an import that failed.
type ImportFailedError struct {
	UID    int
	Reason string // import_failure_reason, see ImportState.FailureReason
}

func (e *ImportFailedError) Error() string {
	return fmt.Sprintf("the import into database %d failed: %s", e.UID, e.Reason)
}

// Is makes errors.Is(err, ErrImportFailed) true.
func (e *ImportFailedError) Is(target error) bool { return target == ErrImportFailed }

// WaitImport reads the state of a database's import now, and again after pauses that grow from a quarter of a second to
// every, until the import has ended; the context bounds the wait. progress, if not nil, is called with each state that
// differs from the one before.
//
// It returns the last state read, and no error only for an import that succeeded. ErrImportFailed is one that failed.
// ErrNoImport is a database with nothing to wait for: one that is idle, was never imported into or was reset meanwhile.
// Any other error leaves the import running, and WaitImport may be called again.
//
// An import that ended before the call counts, since a short one may. So call it after StartImport has returned, when
// the server has put the status of any earlier import away. The status of the database itself does not matter: one whose
// import has failed may be in recovery for a while.
func (c *Client) WaitImport(ctx context.Context, uid int, every time.Duration, progress func(ImportState)) (ImportState, error) {
	var last ImportState
	first := true
	err := c.poll(ctx, fmt.Sprintf("the import into database %d", uid), firstLook, every, func() (bool, error) {
		state, err := c.ImportStatus(ctx, uid)
		if err != nil {
			return false, err
		}
		if progress != nil && (first || state != last) {
			progress(state)
		}
		first, last = false, state
		return !state.Running(), outcome(uid, state)
	})
	return last, err
}

// WaitCreated reads a database now, and again after pauses that grow up to every, until its status is no longer pending;
// the context bounds the wait. It returns the last that it read, and ErrCreationFailed if the status is creation-failed. Any
// other error leaves the server at it, and WaitCreated may be called again.
func (c *Client) WaitCreated(ctx context.Context, uid int, every time.Duration) (Database, error) {
	var last Database
	err := c.poll(ctx, fmt.Sprintf("the creation of database %d", uid), firstLookAtNew, every, func() (bool, error) {
		db, err := c.GetDatabase(ctx, uid)
		if err != nil {
			return false, err
		}
		last = db
		if db.Status == api.BDBStatusCreationFailed {
			err = fmt.Errorf("database %d: %w", uid, ErrCreationFailed)
		}
		return db.Status != api.BDBStatusPending, err
	})
	return last, err
}

// poll calls look until what it looks at is done or an error comes, with pauses that grow from first to every.
func (c *Client) poll(ctx context.Context, what string, first, every time.Duration, look func() (done bool, err error)) error {
	if every <= 0 {
		return fmt.Errorf("wait for %s: %w: the time between two looks is not positive", what, ErrInvalid)
	}
	for pause := min(first, every); ; pause = min(every, 2*pause) {
		if done, err := look(); done || err != nil {
			return err
		}
		if err := c.sleep(ctx, pause); err != nil {
			return fmt.Errorf("%s goes on: %w", what, err)
		}
	}
}

func outcome(uid int, state ImportState) error {
	switch {
	case state.Status == api.ImportStatusFailed:
		return &ImportFailedError{UID: uid, Reason: state.FailureReason}
	case state.Idle():
		return fmt.Errorf("database %d: %w", uid, ErrNoImport)
	}
	return nil
}
