package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
	"github.com/reimport/reimport/internal/store"
)

// attack opens page, in which TARGET stands for the server, on another port of host. The browser has logged in to the
// server with a dialog of its own before, so it sends the password with whatever the page makes it send. The second time,
// the server trusts the page's origin: that the attack works then shows that only the check stops it.
func attack(t *testing.T, browser context.Context, host, page, path string) {
	for _, trusting := range []bool{false, true} {
		t.Run(fmt.Sprintf("trusted=%t", trusting), func(t *testing.T) {
			var target string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, strings.ReplaceAll(page, "TARGET", target))
			}))
			t.Cleanup(s.Close)
			origin := strings.Replace(s.URL, "127.0.0.1", host, 1)
			var origins []string
			if trusting {
				origins = []string{origin}
			}
			f := start(t, trust(origins...))
			target = f.URL
			f.storeSources(50)
			before := string(f.call("GET", "/v1/bdbs", "").body)

			p := open(t, browser, f.withPassword("/v1/bdbs"))
			p.until("document.body.innerText.includes('import_status')")
			p.do(chromedp.Navigate(origin))
			e := eventtest.Wait(t, f.events, func(e *event.Request) bool { return e.Path == path && e.Method == http.MethodPost })
			if trusting && (e.Status != 200 || e.User != admin) {
				t.Fatalf("the attack does not work even when the origin is trusted: %+v", e)
			}
			if !trusting && e.Status != 403 {
				t.Errorf("the attack works: %+v", e)
			}
			if after := string(f.call("GET", "/v1/bdbs", "").body); !trusting && after != before {
				t.Errorf("the attack has changed\n%s\nto\n%s", before, after)
			}
		})
	}
}

// storeSources makes a database with sources, so that an import of it needs no body.
func (f *fixture) storeSources(uid int) {
	f.t.Helper()
	path, err := filepath.Abs("../examples/sessions.rdb")
	if err != nil {
		f.t.Fatal(err)
	}
	source := database.Source{Type: database.SourceMountPoint, Location: path}
	db := &database.Database{UID: uid, Name: "x", Type: "redis", Status: database.Active, Import: database.Import{Sources: []database.Source{source}}}
	if _, err := store.Create(f.t.Context(), f.store, db); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) withPassword(path string) string {
	u, err := url.Parse(f.URL + path)
	if err != nil {
		f.t.Fatal(err)
	}
	u.User = url.UserPassword(admin, password)
	return u.String()
}

// anotherSitePostsForm starts an import, which needs neither a body nor a type that a form cannot have.
func anotherSitePostsForm(t *testing.T, browser context.Context) {
	const path = "/v1/bdbs/50/actions/import"
	attack(t, browser, "localhost", `<form method=post action="TARGET`+path+`"></form><script>document.forms[0].submit()</script>`, path)
}

// anotherPortSendsBlob creates a database: a Blob without a type sends no Content-Type, so its body is read as JSON.
func anotherPortSendsBlob(t *testing.T, browser context.Context) {
	const path = "/v1/bdbs"
	attack(t, browser, "127.0.0.1", `<script>fetch("TARGET`+path+`", {method: "POST", mode: "no-cors", credentials: "include",
		body: new Blob(['{"name": "forged", "memory_size": 0}'])})</script>`, path)
}
