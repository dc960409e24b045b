package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

func (p *tab) logIn(email, password string) {
	p.t.Helper()
	p.write("#email", email)
	p.write("#password", password)
	p.click("#submit")
}

// part is a JavaScript expression for what selector finds in the row of a database, which may be nothing yet.
func part(uid int, selector string) string {
	return fmt.Sprintf("[...document.querySelectorAll('.database')].find(r => r.querySelector('.uid').textContent === 'uid %d')?.querySelector('%s')", uid, selector)
}

// shows waits until a part of a database's row reads text.
func (p *tab) shows(uid int, selector, text string) {
	p.t.Helper()
	p.until("%s?.textContent === %q", part(uid, selector), text)
}

// reset presses the button of a database, as soon as it is there.
func (p *tab) reset(uid int) {
	p.t.Helper()
	p.until("%s?.checkVisibility()", part(uid, ".reset"))
	p.until("(%s.click(), true)", part(uid, ".reset"))
}

func (f *fixture) change(uid int, change func(db *database.Database)) {
	f.t.Helper()
	if _, err := store.Update(context.Background(), f.store, store.Databases, uid, func(db *database.Database) error { change(db); return nil }); err != nil {
		f.t.Error(err)
	}
}

func (f *fixture) failed(uid int, reason database.FailureReason) {
	f.t.Helper()
	f.change(uid, func(db *database.Database) {
		db.Import = database.Import{Status: database.ImportFailed, FailureReason: reason}
	})
}

func statusShows(t *testing.T, browser context.Context) {
	f := start(t)
	f.failed(1, database.FileLargerThanMemLimit(2469606195, 1<<30))
	p := open(t, browser, f.URL+"/")
	p.until("document.activeElement.id === 'email'")
	p.screenshots("login")
	p.logIn(admin, password)
	p.shows(1, ".reason", "The data would take about 2.3\u00a0GiB, and the database may take 1\u00a0GiB.")
	for uid, why := range map[int]string{
		1: "", 2: "", 3: "No reset while an import runs.", 4: "No reset while a backup runs.",
		5: "No reset now. A change of the database is pending.", 6: "No reset: the module legacy lacks backup_restore.",
	} {
		p.shows(uid, ".why", why)
		p.until("%s.checkVisibility() === %t", part(uid, ".reset"), why == "")
	}
	p.screenshots("status")
	reasons := []database.FailureReason{
		database.DownloadError, database.FileCorrupted, database.GeneralError, database.KeyTooLong, database.InvalidBulkLength, database.OutOfMemory,
	}
	for i, reason := range reasons {
		f.call("POST", "/v1/bdbs", fmt.Sprintf(`{"uid": %d, "name": "failed-%[1]d", "memory_size": 1}`, 10+i))
		f.failed(10+i, reason)
	}
	for i, reason := range reasons {
		p.shows(10+i, ".code", string(reason))
		p.until("%s.textContent.length > 20", part(10+i, ".reason"))
	}
	f.call("DELETE", "/v1/bdbs/1", "")
	p.until("!(%s) && document.querySelectorAll('.database').length === 11", part(1, "*"))
	p.quiet(f.URL, "status of 400") // the question for the permission to reset
}

// statusFollowsImport shows a real import of a file that arrives piece by piece, and the progress of a record.
func statusFollowsImport(t *testing.T, browser context.Context) {
	f := start(t)
	dump, err := os.ReadFile("../examples/sessions.rdb")
	if err != nil {
		t.Fatal(err)
	}
	half, rest := make(chan struct{}), make(chan struct{})
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(dump)))
		w.Write(dump[:len(dump)/2])
		w.(http.Flusher).Flush()
		close(half)
		select {
		case <-rest:
			w.Write(dump[len(dump)/2:])
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(source.Close)
	p := open(t, browser, f.URL+"/")
	p.logIn(admin, password)

	if r := f.call("POST", "/v1/bdbs/1/actions/import", fmt.Sprintf(`{"dataset_import_sources": [{"type": "url", "url": "%s/sessions.rdb"}]}`, source.URL)); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	<-half
	p.shows(1, ".import-status", "initializing")
	p.shows(1, ".percent", "fetching and checking")
	p.until("%s.checkVisibility() && %[1]s.position === -1", part(1, "progress"))
	p.screenshots("fetching")
	close(rest)
	p.shows(1, ".import-status", "succeeded")
	p.until("!%s.checkVisibility()", part(1, "progress"))

	for _, percent := range []float64{62.5, 71, 99.9} {
		f.change(3, func(db *database.Database) { db.Import.Progress = percent })
		p.shows(3, ".percent", fmt.Sprintf("%d %%", int(percent)))
		p.until("%s.value === %d && %[1]s.getAttribute('aria-label') === 'Import into importing'", part(3, "progress"), int(percent))
		if percent == 71 { // nothing is known but the progress
			p.until(`/^\d+\u00a0s left$/.test(%s.textContent)`, part(3, ".speed"))
		}
	}
	p.screenshots("importing")
}

// statusShowsRedis shows where a database is, and how its keys arrive.
func statusShowsRedis(t *testing.T, browser context.Context) {
	f := start(t)
	p := open(t, browser, f.URL+"/")
	p.logIn(admin, password)
	p.shows(3, ".plane", "simulated")
	f.change(3, func(db *database.Database) {
		db.DataPlane, db.Endpoint = database.Local, database.Endpoint{Host: "127.0.0.1", Port: 12003}
		db.Import.Load = database.Load{Keys: 650_000, TotalKeys: 1_000_000, KeysPerSecond: 216_000, SecondsLeft: 2}
	})
	p.shows(3, ".plane", "local, 127.0.0.1:12003")
	p.shows(3, ".speed", "650,000 of 1,000,000 keys, 216,000 keys/s, 2\u00a0s left")
	p.screenshots("loading")
	f.change(3, func(db *database.Database) { db.Import.Load.SecondsLeft = 5580 })
	p.shows(3, ".speed", "650,000 of 1,000,000 keys, 216,000 keys/s, 93\u00a0min left")
}

func statusResets(t *testing.T, browser context.Context) {
	f := start(t)
	f.failed(1, database.OutOfMemory)
	p := open(t, browser, f.URL+"/")
	p.logIn(admin, password)
	p.reset(2)
	p.shows(2, ".result", "Reset: the import status is idle.")
	p.shows(2, ".import-status", "idle")
	p.shows(2, ".why", "Nothing to reset.")
	if bdb := f.get("2"); bdb["import_status"] != "idle" || bdb["import_failure_reason"] != "" {
		t.Errorf("%v", bdb)
	}
	p.screenshots("reset")

	p.until("(document.querySelector('#logout').focus(), true)")
	p.do(chromedp.KeyEvent(kb.Tab))
	p.until("document.activeElement === %s", part(1, ".reset"))
	if outline := p.read("getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
		t.Error("the focus cannot be seen")
	}
	p.screenshots("keyboard")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.shows(1, ".result", "Reset: the import status is idle.")
	p.until("document.activeElement === %s.closest('.database')", part(1, ".uid"))
	if bdb := f.get("1"); bdb["import_status"] != "idle" {
		t.Errorf("%v", bdb)
	}
	// What was said of the last reset goes as soon as something new happens.
	f.failed(2, database.KeyTooLong)
	p.shows(2, ".result", "")
}

// statusShowsRefusal lets a backup begin between the look at a database and the click.
func statusShowsRefusal(t *testing.T, browser context.Context) {
	f := start(t)
	handler := f.Config.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.URL.Path == "/v1/bdbs/2/actions/import_reset_status" {
			f.change(2, func(db *database.Database) { db.Backup.Status = database.OperationExporting })
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	p := open(t, browser, front.URL+"/")
	p.logIn(admin, password)
	p.reset(2)
	p.shows(2, ".result", "Not reset: database is busy with another action.")
	p.shows(2, ".why", "No reset while a backup runs.")
	p.shows(2, ".import-status", "failed")
	p.screenshots("refused")
}

func statusForViewer(t *testing.T, browser context.Context) {
	f := start(t)
	p := open(t, browser, f.URL+"/")
	p.logIn(viewer, password)
	p.shows(2, ".why", "Your role may not reset it.")
	p.until("document.querySelector('#role').checkVisibility() && ![...document.querySelectorAll('.reset')].some(b => b.checkVisibility())")
	p.screenshots("viewer")
	if bdb := f.get("2"); bdb["import_status"] != "failed" {
		t.Errorf("looking has changed something: %v", bdb)
	}
	p.click("#logout")
	p.logIn(nobody, password)
	p.until("document.querySelector('#login-error').textContent === 'The role of this user may not see databases.'")
}

// statusSurvivesRestart takes the server away and puts another one on its port.
func statusSurvivesRestart(t *testing.T, browser context.Context) {
	f := start(t)
	p := open(t, browser, f.URL+"/")
	p.logIn(admin, password)
	p.shows(3, ".percent", "62 %")
	address, handler := f.Listener.Addr().String(), f.Config.Handler
	f.CloseClientConnections()
	f.Close()
	p.until("document.querySelector('#connection').textContent === 'The server is not reachable. Trying again.'")
	p.screenshots("unreachable")
	f.change(3, func(db *database.Database) { db.Import.Progress = 75 })

	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
	again.Start()
	t.Cleanup(again.Close)
	p.shows(3, ".percent", "75 %")
	p.until("document.querySelector('#connection').textContent === '' && !document.querySelector('.stale')")
}
