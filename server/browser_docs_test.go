package server_test

import (
	"context"
	"testing"
)

const resetBlock = "#operations-import-resetBDBImportStatus"

func referenceRenders(t *testing.T, browser context.Context) {
	f := start(t)
	p := open(t, browser, f.URL+"/docs")
	p.until("document.querySelector('%s .opblock-body .execute')", resetBlock)
	if first := p.read("document.querySelector('.opblock').id"); "#"+first != resetBlock {
		t.Errorf("%s comes first", first)
	}
	if n := p.read("String(document.querySelectorAll('.opblock').length)"); n != "9" {
		t.Errorf("%s operations are shown", n)
	}
	p.screenshots("docs")
	p.quiet(f.URL)
}

func referenceTriesReset(t *testing.T, browser context.Context) {}

func referenceWrongPassword(t *testing.T, browser context.Context) {}
