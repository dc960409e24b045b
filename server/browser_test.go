package server_test

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds each wait for the browser. Waits end as soon as what they wait for is there.
const patience = 30 * time.Second

// TestBrowser drives the pages in a real Chromium that can reach no other host.
func TestBrowser(t *testing.T) {
	chromium := findChromium()
	if chromium == "" {
		t.Skip("SKIPPING the browser tests: chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]func(*testing.T, context.Context){
		"status is refused a login": statusWrongPassword,
		"status follows an import":  statusFollowsImport,
		"status shows a Redis":      statusShowsRedis,
		"status resets":             statusResets,
		"status shows a refusal":    statusShowsRefusal,
		"status for a viewer":       statusForViewer,
		"status survives a restart": statusSurvivesRestart,
		"status shows":              statusShows,
		"reference":                 reference,
		"another site posts a form": anotherSitePostsForm,
		"another port sends a blob": anotherPortSendsBlob,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, browser)
		})
	}
}

// findChromium prefers the shell without windows, which needs half of the time.
func findChromium() string {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// tab is a window with a profile of its own, and what it complained about and asked the network for.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	requests   []string
	prompts    []string // URLs for which the browser would have asked for a password by itself
}

func open(t *testing.T, browser context.Context, address string) *tab {
	t.Helper()
	p := &tab{t: t}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.observe))
	t.Cleanup(cancel)
	p.ctx = ctx
	// The window lasts as long as the context of the first call.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(address))
	return p
}

func (p *tab) observe(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.complaints = append(p.complaints, fmt.Sprintf("console: %s", e.Args[0].Value))
		}
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *log.EventEntryAdded: // violations of the Content-Security-Policy are among these
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.complaints = append(p.complaints, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%v\n%s", err, p.diagnosis())
	}
}

// until waits for a JavaScript expression to hold.
func (p *tab) until(expression string, args ...any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	expression = fmt.Sprintf(expression, args...)
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("Boolean("+expression+")")); err != nil {
		p.t.Fatalf("%s: %v\n%s", expression, err, p.diagnosis())
	}
}

// diagnosis is what a person would look at when a test hangs.
func (p *tab) diagnosis() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		text = err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%.900s\ncomplaints: %q", text, p.complaints)
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// write types over what a field holds, as a person does.
func (p *tab) write(selector, text string) {
	p.t.Helper()
	p.click(selector)
	p.until("(document.querySelector(%q).select(), true)", selector)
	p.do(chromedp.KeyEvent(text))
	p.until("document.querySelector(%q).value === %q", selector, text)
}

func (p *tab) read(expression string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// quiet fails the test where the page complained of anything, or asked another host than the server's.
func (p *tab) quiet(server string, allowed ...string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	home, _ := url.Parse(server)
complaints:
	for _, c := range p.complaints {
		for _, a := range allowed {
			if strings.Contains(c, a) {
				continue complaints
			}
		}
		p.t.Errorf("the page complains: %s", c)
	}
	for _, r := range p.requests {
		if u, err := url.Parse(r); err != nil || u.Scheme != "data" && u.Scheme != "about" && u.Host != home.Host {
			p.t.Errorf("the page asks %.200s", r)
		}
	}
	if len(p.requests) == 0 {
		p.t.Error("no request was seen at all")
	}
}

var keepScreenshots = flag.Bool("screenshots", false, "keep what the pages look like in testdata/screenshots")

// screenshots shows the page on a desk and on a phone, which it must fit, in the light and in the dark. It keeps the
// pictures only if asked to: to make them costs more than everything else in these tests.
func (p *tab) screenshots(name string) {
	p.t.Helper()
	if !*keepScreenshots {
		p.fits(390)
		p.fits(1280)
		return
	}
	dir := filepath.Join("testdata", "screenshots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	for _, width := range []int64{1280, 390} {
		p.fits(width)
		for _, scheme := range []string{"light", "dark"} {
			p.do(colorScheme(scheme))
			p.until("matchMedia('(prefers-color-scheme: %s)').matches", scheme)
			p.until("(document.getAnimations().forEach(a => a.effect.getComputedTiming().endTime < Infinity && a.finish()), true)")
			png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				p.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), png, 0o644); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	p.fits(1280)
}

// fits makes the window so wide, and fails the test where it would have to be scrolled sideways.
func (p *tab) fits(width int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, 844))
	p.until("innerWidth === %d", width)
	if over := p.read("String(document.documentElement.scrollWidth - document.documentElement.clientWidth)"); over != "0" {
		p.t.Errorf("the page is %s pixels too wide at %d", over, width)
	}
}

func colorScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}
