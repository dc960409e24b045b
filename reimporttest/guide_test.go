package reimporttest_test

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/conform"
	"github.com/reimport/reimport/reimporttest"
)

// What follows is in docs/testing.md, too.

// Every answer of the reset: without options the server has a database for each.
func TestEveryAnswer(t *testing.T) {
	srv := reimporttest.Run(t)
	c := srv.Client(client.WithRetry(0))
	for uid, want := range map[int]error{
		reimporttest.DBIdle:          nil,
		reimporttest.DBFailed:        nil,
		reimporttest.DBImporting:     client.ErrBusy,
		reimporttest.DBBackupRunning: client.ErrBusy,
		reimporttest.DBLegacyModule:  client.ErrUnsupportedModule,
		reimporttest.DBMissing:       client.ErrNotFound,
	} {
		if err := c.ResetImportStatus(t.Context(), uid); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", uid, err, want)
		}
	}
	viewer := srv.ClientAs(reimporttest.DBViewer)
	if err := viewer.ResetImportStatus(t.Context(), reimporttest.DBIdle); !errors.Is(err, client.ErrForbidden) {
		t.Error(err)
	}
}

// A progress bar that freezes: it stops at 40 %, whoever watches gives up, and the test lets the import end.
func TestFrozenBar(t *testing.T) {
	srv := reimporttest.Run(t)
	srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Pace: reimporttest.Frozen, At: 40})
	ctx, giveUp := context.WithCancel(t.Context())
	c := srv.Client(client.WithProgress(func(_ int, state client.ImportState) {
		if state.Progress == 40 {
			giveUp()
		}
	}))
	if err := refresh(ctx, c, reimporttest.DBNew); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	srv.Scripts.Release(reimporttest.DBNew)
	if state, err := c.ImportStatus(t.Context(), reimporttest.DBNew); err != nil || !state.Ended() {
		t.Errorf("%+v, %v", state, err)
	}
}

// An import into a Redis of the test's own.
func TestKeys(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("SKIPPING: ", err)
	}
	srv := reimporttest.Run(t, reimporttest.LocalRedis())
	c := srv.Client()
	file, err := filepath.Abs("../examples/sessions.rdb")
	if err != nil {
		t.Fatal(err)
	}
	dump, err := client.ParseSource(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Import(t.Context(), reimporttest.DBNew, dump); err != nil {
		t.Fatal(err)
	}
	db, err := c.GetDatabase(t.Context(), reimporttest.DBNew)
	if err != nil {
		t.Fatal(err)
	}
	r := redis.NewClient(&redis.Options{Addr: db.Endpoint})
	defer r.Close()
	if name, err := r.HGet(t.Context(), "user:7", "name").Result(); err != nil || name != "user-7" {
		t.Errorf("%q, %v", name, err)
	}
}

// An import of ten minutes takes ten minutes of the server's clock, and none of the test's.
func TestLongImport(t *testing.T) {
	srv := reimporttest.Run(t)
	srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Pace: reimporttest.Timed, Duration: 10 * time.Minute})
	c := srv.Client(client.WithClock(srv.Clock.Now, srv.Clock.Sleep))
	if err := refresh(t.Context(), c, reimporttest.DBNew); err != nil {
		t.Error(err)
	}
}

// A reset whose answer is lost has been made. To do it again does no harm.
func TestLostAnswer(t *testing.T) {
	srv := reimporttest.Run(t)
	srv.Faults.Put(reimporttest.Fault{Operation: reimporttest.ResetImportStatus, First: 1, Close: reimporttest.AfterChange})
	c := srv.Client()
	if err := c.ResetImportStatus(t.Context(), reimporttest.DBFailed); !errors.Is(err, client.ErrNetwork) {
		t.Error(err)
	}
	if state, err := c.ImportStatus(t.Context(), reimporttest.DBFailed); err != nil || !state.Idle() {
		t.Errorf("%+v, %v", state, err)
	}
	if err := c.ResetImportStatus(t.Context(), reimporttest.DBFailed); err != nil {
		t.Error(err)
	}
}

// Each request of the code under test is held against the contract, and so is each answer.
func TestContract(t *testing.T) {
	srv := reimporttest.Run(t)
	srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{})
	c := srv.Client(client.WithHTTPClient(&http.Client{Transport: conform.Transport(srv.HTTPClient().Transport, t)}))
	if err := refresh(t.Context(), c, reimporttest.DBNew); err != nil {
		t.Error(err)
	}
}
