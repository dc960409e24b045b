package reimporttest_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/reimporttest"
)

// TestKill: what was answered before the death of the server is there after a restart, at the same address, and nothing else.
func TestKill(t *testing.T) {
	for name, options := range map[string][]reimporttest.Option{
		"memory": nil, "disk": {reimporttest.OnDisk()}, "http": {reimporttest.Plain()}, "disk, http": {reimporttest.OnDisk(), reimporttest.Plain()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := reimporttest.Run(t, options...)
			c, url := srv.Client(), srv.URL
			srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Pace: reimporttest.Frozen, At: 40, Repeat: true})
			start(t, c)
			created, err := c.CreateDatabase(t.Context(), api.BDBCreate{Name: "carts"})
			if err == nil {
				err = c.ResetImportStatus(t.Context(), reimporttest.DBFailed)
			}
			if err == nil {
				_, err = c.DeleteDatabase(t.Context(), reimporttest.DBIdle)
			}
			if err != nil {
				t.Fatal(err)
			}
			if state := status(t, c); state.Progress != 40 {
				t.Errorf("%+v", state)
			}
			srv.Faults.Put(reimporttest.Fault{Operation: reimporttest.CreateDatabase, Status: 500})
			for range 2 {
				srv.Kill()
				if err := c.ResetImportStatus(t.Context(), reimporttest.DBFailed); !errors.Is(err, client.ErrNetwork) {
					t.Errorf("a dead server: %v", err)
				}
			}
			srv.Restart()
			if state := status(t, c); srv.URL != url || state.Status != api.ImportStatusFailed || state.FailureReason != "general-error" || state.Progress != 40 {
				t.Errorf("%s, not %s: %+v", srv.URL, url, state)
			}
			all, err := c.ListDatabases(t.Context(), "uid", "import_status")
			var uids []int
			for _, db := range all {
				if uids = append(uids, db.UID); db.UID == reimporttest.DBFailed && !db.Import.Idle() {
					t.Errorf("a reset that was answered is gone: %s", db.Raw)
				}
			}
			if want := []int{2, 3, 4, 5, 6, 7, created.UID}; err != nil || !slices.Equal(uids, want) {
				t.Errorf("%v: %v, want %v", err, uids, want)
			}
			if _, err := c.CreateDatabase(t.Context(), api.BDBCreate{Name: "more"}); !errors.Is(err, client.ErrInternal) {
				t.Errorf("the fault is gone: %v", err)
			}
			start(t, c) // the script repeats
			srv.Restart()
			if state := status(t, c); state.FailureReason != "general-error" {
				t.Errorf("a restart without a death: %+v", state)
			}
		})
	}
}

// TestNoDatabases: a server whose databases have all been deleted has none after a restart.
func TestNoDatabases(t *testing.T) {
	srv := reimporttest.Run(t, reimporttest.Databases(reimporttest.Database{}), reimporttest.Plain())
	if _, err := srv.Client().DeleteDatabase(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	srv.Restart()
	if all, err := srv.Client().ListDatabases(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("%v: %v", err, all)
	}
}

// TestKillCutsOff kills a server while a request is under way: the client gets no answer, at once.
func TestKillCutsOff(t *testing.T) {
	for name, options := range map[string][]reimporttest.Option{"https": nil, "http": {reimporttest.Plain()}} {
		t.Run(name, func(t *testing.T) {
			srv := reimporttest.Run(t, options...)
			body, more := io.Pipe()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/v1/bdbs", body)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(srv.User, srv.Password)
			ended := make(chan error)
			go func() {
				resp, err := srv.HTTPClient().Do(req)
				if err == nil {
					err = resp.Body.Close()
				}
				ended <- err
			}()
			if _, err := io.WriteString(more, "{"); err != nil { // which waits for the connection
				t.Fatal(err)
			}
			srv.Kill()
			_ = more.CloseWithError(io.ErrUnexpectedEOF)
			if err := <-ended; err == nil {
				t.Error("the dead server answers")
			}
		})
	}
}
