package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/reimport/reimport/gen/api"
)

// firstLook is the first pause between two looks: a small import is over in no time.
const firstLook = 250 * time.Millisecond

// How a wait ends without success.
var (
	// ErrImportFailed is an import that ended as failed. It comes as an *ImportFailedError, which has the reason.
	ErrImportFailed = errors.New("the import failed")
	// ErrNoImport is a database on which no import runs and none has ended since the last reset.
	ErrNoImport = errors.New("there is no import to wait for")
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
// the server has put the status of any earlier import away.
func (c *Client) WaitImport(ctx context.Context, uid int, every time.Duration, progress func(ImportState)) (ImportState, error) {
	if every <= 0 {
		return ImportState{}, fmt.Errorf("wait for the import into database %d: %w: the time between two looks is not positive", uid, ErrInvalid)
	}
	var last ImportState
	pause := min(every, firstLook)
	for first := true; ; first = false {
		state, err := c.ImportStatus(ctx, uid)
		if err != nil {
			return last, err
		}
		if progress != nil && (first || state != last) {
			progress(state)
		}
		last = state
		if !state.Running() {
			return state, outcome(uid, state)
		}
		if err := c.sleep(ctx, pause); err != nil {
			return state, fmt.Errorf("the import into database %d goes on: %w", uid, err)
		}
		pause = min(every, 2*pause)
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
