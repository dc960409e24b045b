package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	maxRedirects = 5
	maxHeader    = 64 << 10 // bytes of a response's header
	minArrival   = 64 << 10 // bytes that must arrive for a download not to count as stalled
	minPace      = 75 << 20 // bytes that must arrive in each pacePeriod: 256 KiB a second on average
	copyBuffer   = 64 << 10
	spoolPattern = "download-*"
)

// pacePeriod is long enough to forgive a link its gaps. Without the pace, a download could trickle for weeks, and few
// such would hold up all imports.
const pacePeriod = 5 * time.Minute

var (
	errStalled   = errors.New("the server sends too slowly or not at all")
	errSlow      = fmt.Errorf("the server sends less than %d MiB in %v", minPace>>20, pacePeriod)
	errRedirects = fmt.Errorf("more than %d redirects", maxRedirects)
	errTooMany   = errors.New("the file has more bytes than may be downloaded")
)

// newTransport asks no proxy and lets nobody decompress on the way. It keeps no connection, so there is nothing to close.
// control sees every address before it is dialled. There is no http.Client on top: it would follow redirects its own way
// and quote URLs in its errors.
func newTransport(control func(network, address string, c syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Control: control}
	return &http.Transport{
		DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
}

// parseURL says what a URL should have been, "" if it is fine. It does not quote it.
func parseURL(text string) (_ *url.URL, expected string) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, "a URL such as https://backups.example.com/sessions.rdb"
	case u.Scheme == "ftp" || u.Scheme == "ftps":
		return nil, "http or https, as this server cannot import from " + u.Scheme + " yet"
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, "http or https"
	case u.Hostname() == "":
		return nil, "a URL with a host"
	}
	return u, ""
}

// download fetches the file at location, which parseURL accepts, to the spool directory.
func (o *Opener) download(ctx context.Context, location string) (*os.File, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(o.cfg.Stall, func() { cancel(unavailable(errStalled)) })
	defer timer.Stop()

	body := &arrivals{left: o.cfg.MaxDownload, alive: func() { timer.Reset(o.cfg.Stall) }, period: time.Now()}
	file, err := o.fetch(ctx, location, body)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	return file, err
}

func (o *Opener) fetch(ctx context.Context, location string, body *arrivals) (*os.File, error) {
	resp, err := o.get(ctx, location)
	if err != nil {
		return nil, unavailable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, unavailable(fmt.Errorf("expected status 200, got %d", resp.StatusCode))
	}
	most, known := body.left, max(resp.ContentLength, 0)
	if known > most {
		return nil, unavailable(errTooMany)
	}
	if resp.ContentLength >= 0 {
		most = known
	}
	if err := o.room(uint64(known)); err != nil {
		return nil, err
	}
	body.body = resp.Body
	return o.spool(body, most)
}

// get follows redirects itself: each target is checked, the URL's credentials go to the host they were given for and
// nowhere else, and no Referer tells a signed query to the next host.
func (o *Opener) get(ctx context.Context, location string) (*http.Response, error) {
	origin, expected := parseURL(location)
	u := origin
	for range 1 + maxRedirects {
		if expected != "" {
			return nil, errors.New("a redirect leads elsewhere than to " + expected)
		}
		resp, err := o.ask(ctx, u, origin)
		if err != nil || resp.StatusCode/100 != 3 {
			return resp, err
		}
		_ = resp.Body.Close()
		next, err := resp.Location()
		if err != nil { // which would quote the location
			return nil, fmt.Errorf("status %d leads nowhere", resp.StatusCode)
		}
		u, expected = parseURL(next.String())
	}
	return nil, errRedirects
}

func (o *Opener) ask(ctx context.Context, u, origin *url.URL) (*http.Response, error) {
	req := (&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(ctx)
	if user := origin.User; user != nil && u.Scheme == origin.Scheme && strings.EqualFold(u.Host, origin.Host) {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	return o.transport.RoundTrip(req)
}

// spool copies r, which has so many bytes at most, to a file of the spool.
func (o *Opener) spool(r io.Reader, most int64) (*os.File, error) {
	file, err := o.unnamed()
	if err != nil {
		return nil, err
	}
	if _, err = io.CopyBuffer(&roomy{Writer: file, room: o.room, left: most}, r, make([]byte, copyBuffer)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// unnamed makes a file of the spool. It has lost its name already, so that it goes when it is closed, however that happens.
func (o *Opener) unnamed() (*os.File, error) {
	file, err := os.CreateTemp(o.cfg.SpoolDir, spoolPattern)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// clearSpool makes the directory, and removes what a process left that died between making a file and removing its name.
func clearSpool(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(dir, spoolPattern))
	for _, name := range left {
		if removed := os.Remove(name); !errors.Is(removed, os.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	return err
}

// arrivals is a response's body, watched.
type arrivals struct {
	body  io.Reader
	left  int64 // bytes that may still come
	since int   // bytes since alive was called
	alive func()

	period time.Time // when the current pacePeriod began
	paced  int64     // bytes since
}

func (a *arrivals) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if a.left -= int64(n); a.left < 0 {
		return n, unavailable(errTooMany)
	}
	if a.since += n; a.since >= minArrival {
		a.since = 0
		a.alive()
	}
	if a.isSlow(n) && err == nil {
		return n, unavailable(errSlow)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, unavailable(err)
	}
	return n, err
}

// isSlow counts n bytes more, and reports at the end of each pacePeriod if too few have come. If nothing comes at all, the
// stall ends the download.
func (a *arrivals) isSlow(n int) bool {
	a.paced += int64(n)
	now := time.Now()
	if now.Sub(a.period) < pacePeriod {
		return false
	}
	slow := a.paced < minPace
	a.period, a.paced = now, 0
	return slow
}
