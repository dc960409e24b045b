package server_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// watchPrompts notes each URL for which the browser would open a dialog of its own to ask for a password. Without a
// screen it opens none, but it still asks whoever drives it.
func (p *tab) watchPrompts() {
	p.t.Helper()
	events := make(chan any, 100)
	if err := chromedp.Listen(p.ctx, func(event any) {
		switch event.(type) {
		case *fetch.EventRequestPaused, *fetch.EventAuthRequired:
			events <- event
		}
	}); err != nil {
		p.t.Fatal(err)
	}
	handle := true
	if _, err := chromedp.Call(p.ctx, fetch.Enable, fetch.EnableParams{HandleAuthRequests: &handle}); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		for {
			select {
			case <-p.ctx.Done():
				return
			case event := <-events:
				p.letGo(event)
			}
		}
	}()
}

// letGo lets a request that waits for the test run on. Where it fails, the window is closed.
func (p *tab) letGo(event any) {
	switch e := event.(type) {
	case *fetch.EventRequestPaused:
		_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
	case *fetch.EventAuthRequired:
		p.mu.Lock()
		p.prompts = append(p.prompts, e.Request.URL)
		p.mu.Unlock()
		cancel := &fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
		_, _ = chromedp.Call(p.ctx, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: e.RequestID, AuthChallengeResponse: cancel})
	}
}

// unprompted fails the test where the browser would have asked for a password, and where it would not have asked even
// for a request that provokes it: then the test sees nothing.
func (p *tab) unprompted() {
	p.t.Helper()
	p.mu.Lock()
	before := len(p.prompts)
	p.mu.Unlock()
	if before > 0 {
		p.t.Errorf("the browser asks for a password by itself: %q", p.prompts)
	}
	ask := "fetch('/v1/bdbs', {headers: {Authorization: 'Basic eDp5'}}).then(r => r.status)"
	status, err := chromedp.Run(p.ctx, chromedp.Evaluate[int](ask, chromedp.EvalAwaitPromise))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || status != 401 || len(p.prompts) == before {
		p.t.Errorf("a request that provokes the dialog went unseen: %d %v", status, err)
	}
}

// TestUnauthorizedStillNamesItsScheme: the pages avoid the browser's dialog by how they ask, not by a weaker answer.
func TestUnauthorizedStillNamesItsScheme(t *testing.T) {
	r := start(t).call("GET", "/v1/bdbs", "", as("somebody@example.com"))
	if r.StatusCode != 401 || r.Header.Get("WWW-Authenticate") == "" {
		t.Fatalf("%d %v", r.StatusCode, r.Header)
	}
}

func statusWrongPassword(t *testing.T, browser context.Context) {
	f := start(t)
	p := open(t, browser, f.URL+"/")
	p.watchPrompts()
	p.logIn(admin, "wrong")
	p.until("document.querySelector('#login-error').textContent.startsWith('Email or password is wrong.')")
	p.until("document.activeElement.id === 'password' && !document.querySelector('#submit').disabled")
	p.screenshots("wrong-password")
	p.logIn(admin, password)
	p.until("document.querySelectorAll('.database').length === 6")
	if where := p.read("location.href"); where != f.URL+"/" {
		t.Errorf("the page is at %s", where)
	}
	if kept := p.read("JSON.stringify([localStorage, sessionStorage, document.cookie])"); kept != `[{},{},""]` {
		t.Errorf("the page keeps %s", kept)
	}
	p.unprompted()
}
