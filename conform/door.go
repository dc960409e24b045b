package conform

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// errForbidden is a request that the run may not send. It is a mistake in the suite.
var errForbidden = errors.New("the run may not send this")

// door carries all that a run sends, and lets nothing out that the run may not send: to another host, or a change of
// anything but the run's own databases. It never follows a redirect, as it is no http.Client.
type door struct {
	next     http.RoundTripper
	base     *url.URL
	readOnly bool
	all      bool   // the server is an emulator's, and all in it is put back
	create   bool   // POST /v1/bdbs
	tag      string // in the name of all that may be created

	mu  sync.Mutex
	own map[string]bool // segments of paths that name a database of the run, or none
}

// RoundTrip implements http.RoundTripper.
func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := d.check(req); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, fmt.Errorf("%w: %s %s: %w", errForbidden, req.Method, req.URL.Path, err)
	}
	return d.next.RoundTrip(req)
}

// allow lets the run change what this segment of a path names.
func (d *door) allow(segments ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range segments {
		d.own[s] = true
	}
}

func (d *door) check(req *http.Request) error {
	if req.URL.Host != d.base.Host || req.URL.Scheme != d.base.Scheme {
		return errors.New("another host")
	}
	reads := []string{http.MethodGet, http.MethodHead}
	if !d.readOnly {
		reads = append(reads, http.MethodOptions)
	}
	switch {
	case d.all || slices.Contains(reads, req.Method):
		return nil
	case d.readOnly:
		return errors.New("a change")
	}
	path := strings.Split(strings.TrimPrefix(req.URL.EscapedPath(), strings.TrimSuffix(d.base.EscapedPath(), "/")), "/")
	if len(path) < 3 || path[1] != "v1" || path[2] != "bdbs" {
		return errors.New("not a database")
	}
	if len(path) == 3 {
		return d.checkCreation(req)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.own[path[3]] {
		return errors.New("not the run's database")
	}
	return nil
}

// checkCreation lets pass what cannot create a database that the run would not find again by its name.
func (d *door) checkCreation(req *http.Request) error {
	if !d.create {
		return errors.New("a creation")
	}
	dry := req.URL.Query()["dry_run"]
	switch {
	case req.Method != http.MethodPost:
		return errors.New("not a creation")
	case len(dry) == 1 && slices.Contains([]string{"", "1", "true"}, dry[0]):
		return nil
	}
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil {
			if text, err := io.ReadAll(body); err == nil && strings.Contains(string(text), d.tag) {
				return nil
			}
		}
	}
	return errors.New("a database without the name of the run")
}
