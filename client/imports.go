package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/reimport/reimport/gen/api"
)

// An ImportState is what a database says about its newest import.
type ImportState struct {
	// Status is as the server sent it. Empty and idle say the same, and so does a key that is missing: use Idle. In a
	// Database, a status that is not a string is kept as its JSON.
	Status api.ImportStatus `json:"import_status"`
	// Progress is in percent, 100 only once succeeded.
	Progress float64 `json:"import_progress"`
	// FailureReason is empty unless Status is failed. file-larger-than-mem-limit is followed by the expected size of the
	// dataset and the database's limit, in bytes, with colons between.
	FailureReason string `json:"import_failure_reason"`

	ImportLoad
}

// An ImportLoad is how far the keys of an import are. A server of reimport says so in its member reimport of a database;
// a cluster has none, and all of it is zero.
type ImportLoad struct {
	Keys          int64 `json:"import_keys,omitzero"`            // that the database has by now
	TotalKeys     int64 `json:"import_total_keys,omitzero"`      // that the files have for it
	KeysPerSecond int64 `json:"import_keys_per_second,omitzero"` // at the moment, or on average once it has ended
	SecondsLeft   int64 `json:"import_seconds_left,omitzero"`    // an estimate, 0 if there is none
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

// importState reads all that it can, and returns an error about what it cannot.
func importState(object members) (state ImportState, err error) {
	status, wrongStatus := member[api.ImportStatus](object, "import_status")
	if wrongStatus != nil {
		// Nobody takes this for idle.
		status = api.ImportStatus(object["import_status"])
	}
	progress, wrongProgress := member[float64](object, "import_progress")
	reason, wrongReason := member[string](object, "import_failure_reason")
	load, _ := member[ImportLoad](object, "reimport")
	return ImportState{status, progress, reason, load}, cmp.Or(wrongStatus, wrongProgress, wrongReason)
}

// ImportStatus returns the state of a database's newest import, or ErrNotFound. Of the answer it needs import_status,
// import_progress and import_failure_reason. It asks for all members, since a cluster lacks reimport, and no page says what
// comes of asking for it by name.
func (c *Client) ImportStatus(ctx context.Context, uid int) (ImportState, error) {
	o := onDatabase("get import status of", uid, func(base string) (*http.Request, error) {
		return api.NewGetBDBRequest(base, uid, &api.GetBDBParams{})
	})
	object, err := ask[members](ctx, c, o)
	if err != nil {
		return ImportState{}, err
	}
	state, err := importState(object)
	if err != nil {
		return ImportState{}, o.fail(fmt.Errorf("%w: %w", ErrUnexpectedBody, err))
	}
	return state, nil
}

// StartImport starts an import of these sources, in this order, or of the sources stored with the database if none are
// given. It returns when the server has accepted it; WaitImport follows it to its end. What the database held before
// is replaced.
//
// Errors: ErrInvalid, ErrNotFound, ErrUnsupportedModule, ErrBusy, and those of any call.
func (c *Client) StartImport(ctx context.Context, uid int, sources ...api.ImportSource) error {
	return unsupported(c.do(ctx, onDatabase("start import into", uid, func(base string) (*http.Request, error) {
		var body api.ImportRequest
		if len(sources) > 0 {
			body.DatasetImportSources = &sources
		}
		for i, source := range sources {
			if kind, err := source.Discriminator(); err != nil || kind == "" {
				return nil, fmt.Errorf("%w: sources[%d]: expected one from ParseSource or a From method, not an empty one", ErrInvalid, i)
			}
		}
		return api.NewStartBDBImportRequest(base, uid, body)
	})))
}

// Import is StartImport and then WaitImport, with a look every five seconds and the progress of WithProgress. It returns
// the last state read, and no error only if the import succeeded.
func (c *Client) Import(ctx context.Context, uid int, sources ...api.ImportSource) (ImportState, error) {
	if err := c.StartImport(ctx, uid, sources...); err != nil {
		return ImportState{}, err
	}
	return c.WaitImport(ctx, uid, 5*time.Second, func(state ImportState) { c.onProgress(uid, state) })
}

// ResetImportStatus puts import_status back to idle, import_progress to 0, and empties import_failure_reason. Doing so
// again is no error.
//
// Errors: ErrNotFound, ErrUnsupportedModule, ErrBusy while an import, an export or a backup runs, and those of any call.
func (c *Client) ResetImportStatus(ctx context.Context, uid int) error {
	return unsupported(c.do(ctx, onDatabase("reset import status of", uid, func(base string) (*http.Request, error) {
		// A cluster asks for a Content-Type with every PUT, so there is a body to have one.
		return api.NewResetBDBImportStatusRequest(base, uid, api.ResetBDBImportStatusJSONRequestBody{})
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
