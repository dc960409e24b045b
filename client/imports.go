package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/reimport/reimport/gen/api"
)

// An ImportState is what a database says about its newest import.
type ImportState struct {
	// Status is as the server sent it. Empty and idle say the same, and so does a key that is missing: use Idle.
	Status api.ImportStatus `json:"import_status"`
	// Progress is in percent, 100 only once succeeded.
	Progress float64 `json:"import_progress"`
	// FailureReason is empty unless Status is failed. file-larger-than-mem-limit is followed by the expected size of the
	// dataset and the database's limit, in bytes, with colons between.
	FailureReason string `json:"import_failure_reason"`
}

// Idle reports that no import runs and none has ended since the last reset.
func (s ImportState) Idle() bool {
	return s.Status == api.ImportStatusNever || s.Status == api.ImportStatusIdle
}

// Ended reports that the newest import has succeeded or failed.
func (s ImportState) Ended() bool {
	return s.Status == api.ImportStatusSucceeded || s.Status == api.ImportStatusFailed
}

// Running reports that an import is under way. A status that the contract does not know counts as one.
func (s ImportState) Running() bool { return !s.Idle() && !s.Ended() }

// ImportStatus returns the state of a database's newest import, or ErrNotFound.
func (c *Client) ImportStatus(ctx context.Context, uid int) (ImportState, error) {
	db, err := c.GetDatabase(ctx, uid, "uid", "import_status", "import_progress", "import_failure_reason")
	return db.Import, err
}

// StartImport starts an import of these sources, in this order, or of the sources stored with the database where none
// are given. It returns when the server has accepted it; WaitImport follows it to its end. What the database held before
// is replaced.
//
// Errors: ErrInvalid, ErrNotFound, ErrUnsupportedModule, ErrBusy, and those of any call.
func (c *Client) StartImport(ctx context.Context, uid int, sources ...api.ImportSource) error {
	if err := checkUID(uid); err != nil {
		return err
	}
	var body api.ImportRequest
	if len(sources) > 0 {
		body.DatasetImportSources = &sources
	}
	return unsupported(done(c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.StartBDBImport(ctx, uid, body)
	})))
}

// ResetImportStatus puts import_status back to idle, import_progress to 0, and empties import_failure_reason. Doing so
// again is no error.
//
// Errors: ErrNotFound, ErrUnsupportedModule, ErrBusy while an import, an export or a backup runs, and those of any call.
func (c *Client) ResetImportStatus(ctx context.Context, uid int) error {
	if err := checkUID(uid); err != nil {
		return err
	}
	// A cluster asks for a Content-Type with every PUT, so there is a body to have one.
	empty := api.ResetBDBImportStatusJSONRequestBody{}
	return unsupported(done(c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.ResetBDBImportStatus(ctx, uid, empty)
	})))
}

// unsupported reads a 406 without a code, which a cluster may send: to an action on a database it has one meaning.
func unsupported(err error) error {
	var answer *Error
	if errors.As(err, &answer) && answer.Status == http.StatusNotAcceptable && answer.Code == "" {
		answer.kind = ErrUnsupportedModule
	}
	return err
}
