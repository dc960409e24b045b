package reimporttest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// TestParallel runs hundreds of servers in one process, each with a state of its own.
func TestParallel(t *testing.T) {
	for i := range 200 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			uid := 1000 + i
			srv := reimporttest.Run(t, reimporttest.Databases(reimporttest.Database{UID: uid, Name: fmt.Sprintf("of-%d", i)}))
			for range 2 {
				all, err := srv.Client().ListDatabases(t.Context(), "uid", "name")
				if err != nil || len(all) != 1 || all[0].UID != uid {
					t.Fatalf("%v: %+v", err, all)
				}
				srv.Restart()
			}
		})
	}
}

func BenchmarkRun(b *testing.B) {
	for name, options := range map[string][]reimporttest.Option{"https": nil, "http": {reimporttest.Plain()}, "disk": {reimporttest.OnDisk()}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				inTest(b, func(t testing.TB) { reimporttest.Run(t, options...) })
			}
		})
	}
	b.Run("httptest", func(b *testing.B) {
		for b.Loop() {
			httptest.NewServer(http.NotFoundHandler()).Close()
		}
	})
}

// inTest calls f with a test that ends with it.
func inTest(b *testing.B, f func(testing.TB)) {
	t := &ending{TB: b}
	defer t.end()
	f(t)
}

// ending is a test that ends when its end is called.
type ending struct {
	testing.TB
	cleanups []func()
}

func (t *ending) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *ending) end() {
	for len(t.cleanups) > 0 {
		last := len(t.cleanups) - 1
		t.cleanups[last]()
		t.cleanups = t.cleanups[:last]
	}
}
