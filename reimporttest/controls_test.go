package reimporttest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/reimporttest"
)

// start begins an import into the new database, of a file that there need not be.
func start(t testing.TB, c *client.Client) {
	t.Helper()
	file, err := client.ParseSource("/mnt/backups/sessions.rdb")
	if err == nil {
		err = c.StartImport(t.Context(), reimporttest.DBNew, file)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func status(t testing.TB, c *client.Client) client.ImportState {
	t.Helper()
	state, err := c.ImportStatus(t.Context(), reimporttest.DBNew)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// TestPaces looks at imports on their way, without a pause.
func TestPaces(t *testing.T) {
	srv := reimporttest.Run(t, reimporttest.Plain())
	c := srv.Client()
	srv.Scripts.Set(reimporttest.DBNew,
		reimporttest.Script{Pace: reimporttest.Polled, Steps: 3, Outcome: reimporttest.OutOfMemory},
		reimporttest.Script{Pace: reimporttest.Timed, Duration: time.Hour},
		reimporttest.Script{Pace: reimporttest.Frozen, Outcome: reimporttest.KeyTooLong, Repeat: true})
	srv.Clock.Freeze()
	var seen []client.ImportState
	look := func() { seen = append(seen, status(t, c)) }

	start(t, c)
	look()
	look()
	look()
	start(t, c)
	look()
	srv.Clock.Advance(30 * time.Minute)
	look()
	srv.Clock.Advance(30 * time.Minute)
	look()
	for range 2 {
		start(t, c)
		look()
		srv.Scripts.Release(reimporttest.DBNew)
		look()
	}
	srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Outcome: reimporttest.ByFiles})
	start(t, c)
	look()
	srv.Scripts.Set(reimporttest.DBNew)
	start(t, c)
	state, _ := c.WaitImport(t.Context(), reimporttest.DBNew, time.Millisecond, nil)
	seen = append(seen, state)
	initializing, failed := client.ImportState{Status: api.ImportStatusInitializing}, api.ImportStatusFailed
	frozen, noFile := client.ImportState{Status: failed, FailureReason: "key-too-long"}, client.ImportState{Status: failed, FailureReason: "download-error"}
	want := []client.ImportState{
		initializing, {Status: api.ImportStatusImporting, Progress: 50}, {Status: failed, Progress: 50, FailureReason: "out-of-memory"},
		initializing, {Status: api.ImportStatusImporting, Progress: 50}, {Status: api.ImportStatusSucceeded, Progress: 100},
		initializing, frozen, initializing, frozen,
		noFile, noFile,
	}
	if !slices.Equal(seen, want) {
		t.Errorf("got  %v\nwant %v", seen, want)
	}
}

// TestFaults: what a fault does, and what it leaves.
func TestFaults(t *testing.T) {
	for name, option := range map[string]reimporttest.Option{"https": reimporttest.OnDisk(), "http": reimporttest.Plain()} {
		t.Run(name, func(t *testing.T) {
			srv := reimporttest.Run(t, option)
			c := srv.Client()
			reset := func(f reimporttest.Fault, want error, changes bool) {
				t.Helper()
				srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Outcome: reimporttest.FileCorrupted})
				start(t, c)
				f.Operation, f.UID = reimporttest.ResetImportStatus, reimporttest.DBNew
				srv.Faults.Put(f)
				defer srv.Faults.Clear()
				if err := c.ResetImportStatus(t.Context(), reimporttest.DBNew); !errors.Is(err, want) {
					t.Errorf("%+v: %v, want %v", f, err, want)
				}
				if idle := status(t, c).Idle(); idle != changes {
					t.Errorf("%+v: idle %v, want %v", f, idle, changes)
				}
			}
			reset(reimporttest.Fault{Status: 500}, client.ErrInternal, false)
			reset(reimporttest.Fault{Close: reimporttest.BeforeChange}, client.ErrNetwork, false)
			reset(reimporttest.Fault{Close: reimporttest.AfterChange}, client.ErrNetwork, true)
			reset(reimporttest.Fault{Delay: time.Millisecond}, nil, true)
			reset(reimporttest.Fault{Every: 2, Status: 401}, nil, true)
			srv.Faults.Put(reimporttest.Fault{Operation: reimporttest.GetDatabase, Close: reimporttest.InBody})
			if _, err := c.GetDatabase(t.Context(), reimporttest.DBNew); !errors.Is(err, client.ErrNetwork) {
				t.Errorf("half a body: %v", err)
			}
			exchanges := srv.Trace.Exchanges()
			last := exchanges[len(exchanges)-1]
			if !last.Cut || last.Fault != "fault 6" || last.UID != reimporttest.DBNew || last.Operation != reimporttest.GetDatabase || last.Status != 200 {
				t.Errorf("the trace has %+v", last)
			}
		})
	}
}

// TestUsers logs in with the users of a seed, those of the test, and those that are always there, over a client of one's own.
func TestUsers(t *testing.T) {
	srv := reimporttest.Run(t, reimporttest.SeedFile("../examples/demo.yaml"),
		reimporttest.User("viewer@example.com", "mine", reimporttest.DBViewer), reimporttest.User("boss@example.com", "theirs", reimporttest.Admin))
	c, err := client.New(srv.URL, client.WithCAFile(srv.CAFile()), client.WithBasicAuth(srv.User, srv.Password))
	if err == nil {
		err = c.ResetImportStatus(t.Context(), reimporttest.DBFailed)
	}
	if err != nil {
		t.Error(err)
	}
	for _, login := range []struct {
		email, password string
		want            error
	}{
		{"admin@example.com", "demo-admin", nil}, {"viewer@example.com", "mine", client.ErrForbidden},
		{"viewer@example.com", "demo-viewer", client.ErrUnauthorized}, {"boss@example.com", "theirs", nil},
		{reimporttest.UserOf(reimporttest.Admin), "theirs", client.ErrUnauthorized}, {"boss@example.com", srv.Password, client.ErrUnauthorized},
	} {
		if err := srv.ClientOf(login.email, login.password).ResetImportStatus(t.Context(), reimporttest.DBIdle); !errors.Is(err, login.want) {
			t.Errorf("%s: %v, want %v", login.email, err, login.want)
		}
	}
	mine := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: srv.CertPool()}, DisableKeepAlives: true}}
	resp, err := mine.Get(srv.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || resp.TLS == nil {
		t.Errorf("%v: %d %s", err, resp.StatusCode, body)
	}
}

// TestDefaultDatabases are those of the demo, and a new one.
func TestDefaultDatabases(t *testing.T) {
	var all [2][]client.Database
	for i, options := range [][]reimporttest.Option{nil, {reimporttest.SeedFile("../examples/demo.yaml")}} {
		srv := reimporttest.Run(t, append(options, reimporttest.Plain())...)
		srv.Clock.Freeze()
		var err error
		if all[i], err = srv.Client().ListDatabases(t.Context(), "uid", "name", "status", "memory_size", "import_status", "import_progress",
			"import_failure_reason", "backup_status", "backup_progress", "export_status", "module_list"); err != nil {
			t.Fatal(err)
		}
	}
	mine, demo := all[0], all[1]
	same := func(a, b client.Database) bool { return string(a.Raw) == string(b.Raw) }
	if len(mine) != len(demo)+1 || !slices.EqualFunc(mine[:len(demo)], demo, same) || mine[len(demo)].UID != reimporttest.DBNew {
		t.Errorf("got  %v\nwant %v", mine, demo)
	}
}

// TestDatabases: what a Database says is what the API shows.
func TestDatabases(t *testing.T) {
	srv := reimporttest.Run(t, reimporttest.Plain(), reimporttest.Databases(
		reimporttest.Database{UID: 9, Modules: []string{reimporttest.LegacyModule}, ExportStatus: "failed", ExportProgress: 5, ExportFailureReason: "no-permission"},
		reimporttest.Database{Name: "carts", MemorySize: 7, Status: "import-pending", ImportStatus: "initializing"},
		reimporttest.Database{ImportStatus: "failed", ImportProgress: 3, ImportFailureReason: "out-of-memory", BackupStatus: "failed", BackupFailureReason: "general-error"},
	))
	all, err := srv.Client().ListDatabases(t.Context(), "uid", "name", "status", "memory_size", "import_status", "import_progress", "import_failure_reason",
		"export_status", "export_progress", "export_failure_reason", "backup_status", "backup_failure_reason")
	if err != nil || len(all) != 3 {
		t.Fatalf("%v: %v", err, all)
	}
	for i, want := range []string{
		`{"backup_failure_reason":"","backup_status":"","export_failure_reason":"no-permission","export_progress":5,"export_status":"failed","import_failure_reason":"","import_progress":0,"import_status":"","memory_size":0,"name":"db9","status":"active","uid":9}`,
		`{"backup_failure_reason":"","backup_status":"","export_failure_reason":"","export_progress":0,"export_status":"","import_failure_reason":"","import_progress":0,"import_status":"initializing","memory_size":7,"name":"carts","status":"import-pending","uid":10}`,
		`{"backup_failure_reason":"general-error","backup_status":"failed","export_failure_reason":"","export_progress":0,"export_status":"","import_failure_reason":"out-of-memory","import_progress":3,"import_status":"failed","memory_size":0,"name":"db11","status":"active","uid":11}`,
	} {
		if got := string(all[i].Raw); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestSleep: a client that sleeps by the server's clock follows a long import in no time, and one that was given up
// sleeps no more.
func TestSleep(t *testing.T) {
	srv := reimporttest.Run(t, reimporttest.Plain())
	srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Pace: reimporttest.Timed, Duration: 10 * time.Minute})
	before := srv.Clock.Now()
	if err := refresh(t.Context(), srv.Client(client.WithClock(srv.Clock.Now, srv.Clock.Sleep)), reimporttest.DBNew); err != nil {
		t.Error(err)
	}
	if took := srv.Clock.Now().Sub(before); took < 10*time.Minute {
		t.Errorf("it took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := srv.Clock.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	srv.Clock.Set(before)
	srv.Clock.Resume()
	if now := srv.Clock.Now(); now.Before(before) || now.After(before.Add(time.Hour)) {
		t.Errorf("set to %v, it shows %v", before, now)
	}
}
