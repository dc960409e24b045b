package reimporttest_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/reimporttest"
)

// TestResetAnswers is every answer of the reset, on a server without options.
func TestResetAnswers(t *testing.T) {
	for name, options := range map[string][]reimporttest.Option{"https": nil, "http": {reimporttest.Plain()}, "disk": {reimporttest.OnDisk()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := reimporttest.Run(t, options...)
			c := srv.Client(client.WithRetry(0))
			for uid, want := range map[int]error{
				reimporttest.DBIdle: nil, reimporttest.DBFailed: nil, reimporttest.DBNew: nil,
				reimporttest.DBImporting: client.ErrBusy, reimporttest.DBBackupRunning: client.ErrBusy, reimporttest.DBChangePending: client.ErrBusy,
				reimporttest.DBLegacyModule: client.ErrUnsupportedModule, reimporttest.DBMissing: client.ErrNotFound, 0: client.ErrInvalid,
			} {
				if err := c.ResetImportStatus(t.Context(), uid); !errors.Is(err, want) {
					t.Errorf("%d: %v, want %v", uid, err, want)
				}
			}
			if state, err := c.ImportStatus(t.Context(), reimporttest.DBFailed); err != nil || !state.Idle() || state.FailureReason != "" {
				t.Errorf("%v: %+v", err, state)
			}
			for role, want := range map[reimporttest.Role]error{
				reimporttest.DBMember: nil, reimporttest.ClusterMember: nil, reimporttest.DBViewer: client.ErrForbidden,
				reimporttest.ClusterViewer: client.ErrForbidden, reimporttest.UserManager: client.ErrForbidden, reimporttest.None: client.ErrForbidden,
			} {
				if err := srv.ClientAs(role).ResetImportStatus(t.Context(), reimporttest.DBIdle); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", role, err, want)
				}
			}
			wrong := srv.ClientOf(srv.User, "wrong")
			if err := wrong.ResetImportStatus(t.Context(), reimporttest.DBIdle); !errors.Is(err, client.ErrUnauthorized) {
				t.Error(err)
			}
		})
	}
}

// TestParallel has hundreds of servers in one process at once, each with a state of its own, some of which die and come back.
func TestParallel(t *testing.T) {
	var up, ended sync.WaitGroup
	const servers = 200
	up.Add(servers)
	turns := make(chan struct{}, 4) // hundreds of handshakes at once would outlast the server's patience
	for i := range servers {
		ended.Go(func() {
			in := within(t, func(t testing.TB) {
				srv := reimporttest.Run(t, reimporttest.Databases(reimporttest.Database{UID: 1000 + i}))
				up.Done()
				up.Wait()
				turns <- struct{}{}
				defer func() { <-turns }()
				look(t, srv, 1000+i)
				if i%4 == 0 {
					srv.Kill()
					srv.Restart()
					look(t, srv, 1000+i)
				}
			})
			if in.failed {
				t.Errorf("server %d: %s", i, in.log.String())
			}
		})
	}
	ended.Wait()
}

// look returns if the server has one database, which has this uid.
func look(t testing.TB, srv *reimporttest.Server, uid int) {
	t.Helper()
	if all, err := srv.Client().ListDatabases(t.Context(), "uid"); err != nil || len(all) != 1 || all[0].UID != uid {
		t.Fatalf("%v: %+v, want %d", err, all, uid)
	}
}
