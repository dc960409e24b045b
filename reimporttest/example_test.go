package reimporttest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/reimporttest"
)

// refresh is the automation under test. It imports a file into a database, and leaves import_status idle.
func refresh(ctx context.Context, c *client.Client, uid int) error {
	file, err := client.ParseSource("/mnt/backups/sessions.rdb")
	if err != nil {
		return err
	}
	if _, err = c.Import(ctx, uid, file); err != nil && !errors.Is(err, client.ErrImportFailed) {
		return err
	}
	return errors.Join(err, c.ResetImportStatus(ctx, uid))
}

// Each import ends as its script says, whether there is such a file or not.
func TestFailedImports(t *testing.T) {
	srv := reimporttest.Run(t)
	for _, reason := range reimporttest.Failures() {
		srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Outcome: reason})
		err := refresh(t.Context(), srv.Client(), reimporttest.DBNew)
		failed, ok := errors.AsType[*client.ImportFailedError](err)
		if !ok || failed.Reason != string(reason) {
			t.Errorf("%v, want %s", err, reason)
		}
	}
}

// The first two resets find the database busy. The client asks again, and sleeps by the server's clock, which takes no time.
func TestBusyDatabase(t *testing.T) {
	srv := reimporttest.Run(t)
	srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{})
	srv.Faults.Put(reimporttest.Fault{Operation: reimporttest.ResetImportStatus, First: 2, Status: 409})
	c := srv.Client(client.WithClock(srv.Clock.Now, srv.Clock.Sleep))
	if err := refresh(t.Context(), c, reimporttest.DBNew); err != nil {
		t.Fatal(err)
	}
	if resets := srv.Trace.Count(reimporttest.ResetImportStatus); resets != 3 {
		t.Errorf("%d resets", resets)
	}
}

// The server dies in the middle of an import. Once it is back, at the same address, the import has failed.
func TestCrash(t *testing.T) {
	srv := reimporttest.Run(t)
	srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Pace: reimporttest.Frozen, At: 40})
	c := srv.Client(client.WithProgress(func(int, client.ImportState) { srv.Kill() }))
	if err := refresh(t.Context(), c, reimporttest.DBNew); !errors.Is(err, client.ErrNetwork) {
		t.Errorf("the server is dead: %v", err)
	}
	srv.Restart()
	state, err := c.ImportStatus(t.Context(), reimporttest.DBNew)
	if err != nil || state.FailureReason != string(reimporttest.GeneralError) {
		t.Errorf("%+v, %v", state, err)
	}
}
