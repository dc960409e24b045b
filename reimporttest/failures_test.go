package reimporttest_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/reimporttest"
)

// TestLogOfFailure: a test that fails shows the exchanges, without the password, and not too many. One that does not fail shows
// nothing.
func TestLogOfFailure(t *testing.T) {
	for _, fails := range []bool{false, true} {
		var password string
		in := within(t, func(t testing.TB) {
			srv := reimporttest.Run(t)
			password = srv.Password
			for range 60 {
				srv.Client().ImportStatus(t.Context(), reimporttest.DBIdle)
			}
			srv.Faults.Put(reimporttest.Fault{Operation: reimporttest.ResetImportStatus, Status: 409})
			srv.Client(client.WithRetry(0)).ResetImportStatus(t.Context(), reimporttest.DBFailed)
			if fails {
				t.Error("as it should")
			}
		})
		log := in.log.String()
		if !fails && log != "" {
			t.Errorf("a test that passes logs\n%s", log)
		}
		last := "PUT /v1/bdbs/2/actions/import_reset_status\n  > {}\n  409 Conflict after "
		if fails && (!strings.Contains(log, last) || !strings.Contains(log, `fault 1`) || !strings.Contains(log, `"error_code":"busy"`) || strings.Count(log, "GET ") != 49) {
			t.Errorf("it logs\n%s", log)
		}
		if strings.Contains(log, password) {
			t.Errorf("the password is in\n%s", log)
		}
	}
}

// TestRefusals: what makes no sense ends the test, with the name of what is wrong.
func TestRefusals(t *testing.T) {
	start := func(options ...reimporttest.Option) func(testing.TB) {
		return func(t testing.TB) { reimporttest.Run(t, options...) }
	}
	started := func(f func(*reimporttest.Server)) func(testing.TB) {
		return func(t testing.TB) { f(reimporttest.Run(t, reimporttest.Plain())) }
	}
	broken := reimporttest.Database{UID: 3, ImportStatus: "failed"}
	for name, c := range map[string]struct {
		test func(testing.TB)
		want string
	}{
		"database":   {start(reimporttest.Databases(broken)), "Databases:1: databases[0].import_failure_reason: expected"},
		"seed":       {start(reimporttest.Seed("databases:\n- name: x\n")), "seed:2: databases[0].uid: expected"},
		"two seeds":  {start(reimporttest.Databases(), reimporttest.Seed("")), "seed: expected one seed"},
		"no file":    {start(reimporttest.SeedFile("no.yaml")), "no.yaml"},
		"no file in": {start(reimporttest.SeedFS(os.DirFS("."), "no.yaml")), "no.yaml"},
		"role":       {start(reimporttest.User("a@example.com", "secret", "boss")), "role of a@example.com: expected one of"},
		"email":      {start(reimporttest.User("a:b", "secret", reimporttest.Admin)), "email: expected"},
		"password":   {start(reimporttest.User("a@example.com", "", reimporttest.Admin)), "password: expected"},
		"clock":      {started(func(s *reimporttest.Server) { s.Clock.Set(time.Time{}) }), "Clock.Set: expected a time"},
		"backwards":  {started(func(s *reimporttest.Server) { s.Clock.Advance(-1) }), "Clock.Advance: expected a duration"},
		"fault":      {started(func(s *reimporttest.Server) { s.Faults.Put(reimporttest.Fault{Operation: "reset"}) }), "Faults.Put: operation: expected"},
		"script":     {started(func(s *reimporttest.Server) { s.Scripts.Set(1, reimporttest.Script{Pace: reimporttest.Timed}) }), "Scripts.Set(1): import_scripts[0].duration: expected"},
		"release":    {started(func(s *reimporttest.Server) { s.Scripts.Release(1) }), "Scripts.Release(1): no import"},
	} {
		in := within(t, c.test)
		if log := in.log.String(); !in.failed || !strings.HasPrefix(log, "reimporttest: ") || !strings.Contains(log, c.want) || strings.Contains(log, "was asked") {
			t.Errorf("%s: failed %v, %s; want %s", name, in.failed, log, c.want)
		}
	}
}

// TestNothingIsLeft ends servers with a request under way, one that is delayed, an import that stands still, and one dead
// already. Neither goroutines nor open files may be left.
func TestNothingIsLeft(t *testing.T) {
	visit := func(t testing.TB) {
		for _, option := range []reimporttest.Option{reimporttest.Plain(), reimporttest.OnDisk()} {
			srv := reimporttest.Run(t, option)
			srv.Scripts.Set(reimporttest.DBNew, reimporttest.Script{Pace: reimporttest.Frozen, At: 40})
			if err := refresh(t.Context(), srv.Client(client.WithClock(srv.Clock.Now, srv.Clock.Sleep), client.WithProgress(func(int, client.ImportState) { srv.Kill() })), reimporttest.DBNew); err == nil {
				t.Error("it answers though it is dead")
			}
			reimporttest.Run(t, option).Kill()
			slow := reimporttest.Run(t, option)
			slow.Faults.Put(reimporttest.Fault{Operation: reimporttest.ListDatabases, Delay: time.Hour})
			asked := make(chan struct{})
			go func() {
				close(asked)
				slow.Client().ListDatabases(t.Context())
			}()
			<-asked
		}
	}
	within(t, visit)
	goroutines, files := runtime.NumGoroutine(), openFiles()
	for range 5 {
		if in := within(t, visit); in.failed {
			t.Error(in.log.String())
		}
	}
	deadline := time.Now().Add(10 * time.Second) // for those that are about to end
	for runtime.NumGoroutine() > goroutines || openFiles() > files {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines more, %d files more\n%s", runtime.NumGoroutine()-goroutines, openFiles()-files, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
}

// openFiles returns how many files this process has open, 0 if the system does not say.
func openFiles() int {
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", os.Getpid()))
	return len(files)
}
