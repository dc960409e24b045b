package reimporttest_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/reimporttest"
)

// TestKillAmongWriters kills a server, again and again, whose clients create databases. Those whose creation was answered are
// there afterwards, and no uid was given twice.
func TestKillAmongWriters(t *testing.T) {
	for name, options := range map[string][]reimporttest.Option{"memory": {reimporttest.Plain()}, "disk": {reimporttest.Plain(), reimporttest.OnDisk()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := reimporttest.Run(t, append(options, reimporttest.Databases())...)
			answered := map[int]bool{}
			for range 5 {
				var mu sync.Mutex
				var writers sync.WaitGroup
				enough := make(chan struct{})
				for range 4 {
					c := srv.Client()
					writers.Go(func() {
						for {
							db, err := c.CreateDatabase(t.Context(), api.BDBCreate{Name: "x"})
							if err != nil {
								return // it is dead
							}
							mu.Lock()
							if answered[db.UID] {
								t.Errorf("uid %d was given twice", db.UID)
							}
							if answered[db.UID] = true; len(answered)%10 == 0 {
								select {
								case enough <- struct{}{}:
								default:
								}
							}
							mu.Unlock()
						}
					})
				}
				<-enough
				srv.Kill()
				writers.Wait()
				srv.Restart()
				all, err := srv.Client().ListDatabases(t.Context(), "uid")
				if err != nil {
					t.Fatal(err)
				}
				for _, db := range all {
					delete(answered, db.UID)
				}
				if len(answered) > 0 {
					t.Errorf("of %d databases these are gone: %v", len(all), answered)
				}
				for _, db := range all {
					answered[db.UID] = true
				}
			}
		})
	}
}

// TestFiles imports real files, without a script: from this machine, and from a server of the test.
func TestFiles(t *testing.T) {
	files := httptest.NewServer(http.FileServer(http.Dir("../examples")))
	defer files.Close()
	path, err := filepath.Abs("../examples")
	if err != nil {
		t.Fatal(err)
	}
	srv := reimporttest.Run(t, reimporttest.Plain(), reimporttest.Databases(
		reimporttest.Database{Source: path + "/sessions.rdb"}, reimporttest.Database{Source: files.URL + "/broken.rdb"},
	))
	c := srv.Client()
	for uid, want := range map[int]string{1: "", 2: "file-corrupted"} {
		if err := c.StartImport(t.Context(), uid); err != nil {
			t.Fatal(err)
		}
		if state, err := c.WaitImport(t.Context(), uid, time.Millisecond, nil); state.FailureReason != want || !state.Ended() {
			t.Errorf("%d: %+v, %v", uid, state, err)
		}
	}
}

// TestKillDuringDownload kills the server when it requests the file of an import.
func TestKillDuringDownload(t *testing.T) {
	srv := reimporttest.Run(t)
	started, dead := make(chan struct{}), make(chan struct{})
	files := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-started
		srv.Kill()
		close(dead)
	}))
	defer files.Close()
	c := srv.Client()
	source, err := client.ParseSource(files.URL + "/sessions.rdb")
	if err == nil {
		err = c.StartImport(t.Context(), reimporttest.DBNew, source)
	}
	if err != nil {
		t.Fatal(err)
	}
	close(started)
	<-dead
	srv.Restart()
	if state := status(t, c); state.FailureReason != "general-error" {
		t.Errorf("%+v", state)
	}
}
