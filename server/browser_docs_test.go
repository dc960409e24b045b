package server_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

const resetBlock = "#operations-import-resetBDBImportStatus"

// reference visits every part of one page: to load and lay it out takes most of the time.
func reference(t *testing.T, browser context.Context) {
	f := start(t)
	p := open(t, browser, f.URL+"/docs")
	p.until("document.querySelector('%s .opblock-body .execute')", resetBlock)
	if first := p.read("document.querySelector('.opblock').id"); "#"+first != resetBlock {
		t.Errorf("%s comes first", first)
	}
	p.screenshots("docs")
	p.quiet(f.URL)
	f.refusesLogin(p)
	f.triesReset(p)
	f.creates(p)
	f.opensAll(p)
	p.quiet(f.URL, "status of 401", "status of 406", "status of 409")
}

func (f *fixture) refusesLogin(p *tab) {
	p.watchPrompts()
	p.authorize("wrong")
	p.try(2, "401", "unauthorized")
	p.unprompted()
	p.click(".scheme-container .authorize")
	p.do(chromedp.Click(chromedp.CSS(".modal-ux .auth-btn-wrapper button:not(.btn-done)"))) // which logs out
	p.do(chromedp.WaitVisible(chromedp.CSS("#auth-basic-username")))
	p.click(".modal-ux .auth-btn-wrapper .btn-done")
	p.do(chromedp.WaitNotPresent(chromedp.CSS(".modal-ux")))
}

// opensAll: with everything open, nothing is left that the policy could forbid.
func (f *fixture) opensAll(p *tab) {
	operations := 0
	for _, path := range f.contract.doc.Paths.Map() {
		operations += len(path.Operations())
	}
	p.until("document.querySelectorAll('.opblock').length === %d", operations)
	p.until("(document.querySelectorAll('.opblock:not(.is-open) .opblock-summary-control, .models-control[aria-expanded=false]').forEach(b => b.click()), true)")
	p.until("document.querySelectorAll('.opblock.is-open .responses-table:not(.live-responses-table)').length === %d && document.querySelectorAll('.model-container').length > 5", operations)
	p.until("(document.querySelectorAll('.model-box-control[aria-expanded=false]').forEach(b => b.click()), true)")
	p.fits(390)
}

// authorize fills in the reference's own dialog.
func (p *tab) authorize(password string) {
	p.t.Helper()
	p.until("document.querySelector('%s .execute')", resetBlock)
	p.click(".scheme-container .authorize")
	p.do(chromedp.WaitVisible(chromedp.CSS("#auth-basic-username")))
	p.write("#auth-basic-username", admin)
	p.write("#auth-basic-password", password)
	p.click(".modal-ux .auth-btn-wrapper .authorize")
	p.click(".modal-ux .auth-btn-wrapper .btn-done")
	p.do(chromedp.WaitNotPresent(chromedp.CSS(".modal-ux")))
}

// try executes the reset of a database and waits for its answer.
func (p *tab) try(uid int, status, code string) {
	p.t.Helper()
	p.write(resetBlock+" .parameters input", strconv.Itoa(uid))
	p.click(resetBlock + " .execute")
	const shown = "document.querySelector('" + resetBlock + " .live-responses-table .response')"
	p.until("document.querySelector('%s .request-url')?.textContent.includes('/v1/bdbs/%d/')", resetBlock, uid)
	p.until("%s && %[1]s.querySelector('.response-col_status').textContent.startsWith(%q) && %[1]s.textContent.includes(%q)", shown, status, code)
}

func (f *fixture) triesReset(p *tab) {
	p.authorize(password)
	p.try(2, "200", "")
	if bdb := f.get("2"); bdb["import_status"] != "idle" || bdb["import_failure_reason"] != "" {
		f.t.Errorf("after the reset: %v", bdb)
	}
	p.screenshots("docs-200")
	p.try(6, "406", "unsupported_module_capabilities")
	p.screenshots("docs-406")
	p.try(3, "409", "busy")
	p.screenshots("docs-409")
	if bdb := f.get("6"); bdb["import_status"] != "succeeded" {
		f.t.Errorf("the refused reset did something: %v", bdb)
	}
}

// creates executes an operation as the page offers it, which must not be a dry run.
func (f *fixture) creates(p *tab) {
	const block = "#operations-bdbs-createBDB"
	p.click(block + " .opblock-summary-control")
	p.until("document.querySelector('%s .execute')", block)
	p.click(block + " .execute")
	p.until("document.querySelector('%s .live-responses-table .response .response-col_status')?.textContent.startsWith('200')", block)
	if bdb := f.get("7"); bdb["name"] != "sessions" {
		f.t.Errorf("after the creation: %v", bdb)
	}
}
