package server_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

func (p *tab) logIn(email, password string) {
	p.t.Helper()
	p.until("!document.querySelector('#login').hidden")
	p.write("#email", email)
	p.write("#password", password)
	p.click("#submit")
}

// row is a JavaScript expression for what selector finds in the row of a database.
func row(uid int, selector string) string {
	return fmt.Sprintf("[...document.querySelectorAll('.database')].find(r => r.querySelector('.uid').textContent === 'uid %d').querySelector('%s')", uid, selector)
}

func (f *fixture) change(uid int, change func(db *database.Database)) {
	f.t.Helper()
	if _, err := f.store.Update(f.t.Context(), uid, func(db *database.Database) error { change(db); return nil }); err != nil {
		f.t.Fatal(err)
	}
}

func statusShows(t *testing.T, browser context.Context) {
	f := start(t)
	f.change(1, func(db *database.Database) {
		db.Import = database.Import{Status: database.ImportFailed, FailureReason: database.FileLargerThanMemLimit(2469606195, 1<<30)}
	})
	p := open(t, browser, f.URL+"/")
	p.screenshots("login")
	p.logIn(admin, password)
	p.until("document.querySelectorAll('.database').length === 6")
	p.until("%s.textContent === 'The data would take about 2.3 GiB, and the database may take 1 GiB.'", row(1, ".reason"))
	p.screenshots("status")
}
