package conform

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/contract"
)

// maxSent is how much of a request's body is held: enough to see that it is too large.
const maxSent = contract.MaxBody + 1

// TB is the part of testing.TB that Transport needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(f func())
}

// Transport returns a RoundTripper that sends requests by base, or http.DefaultTransport if it is nil, and holds each request
// and each response against the contract. A breach fails the test, once for each place; a note is logged. It works with any
// server: a cluster, one of this module, or a stub.
//
// Requests and responses pass unchanged. A response is judged when its body has been read or is closed: Close reads what is
// left, for a second and a megabyte at most. Of a body, 64 KiB are held at once, or one item of a list; a database of more
// than a megabyte is not judged, which is a note. t may end before base does: nothing is reported then.
func Transport(base http.RoundTripper, t TB) http.RoundTripper { return Checker{}.Transport(base, t) }

// Transport is the function Transport with this Checker.
func (c Checker) Transport(base http.RoundTripper, t TB) http.RoundTripper {
	t.Helper()
	if base == nil {
		base = http.DefaultTransport
	}
	tr := &transport{checker: c, base: base, t: t, told: map[string]bool{}, open: map[*watched]bool{}}
	t.Cleanup(tr.end)
	return tr
}

type transport struct {
	checker Checker
	base    http.RoundTripper
	t       TB

	mu    sync.Mutex
	told  map[string]bool
	open  map[*watched]bool
	ended bool
}

// RoundTrip implements http.RoundTripper.
func (tr *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, whole, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	passing := &sent{data: body, whole: whole}
	if !whole {
		passing.ReadCloser = r.Body
		r = r.WithContext(r.Context()) // a copy, as the request is the caller's
		r.Body = passing
	}
	response, err := tr.base.RoundTrip(r)
	body, whole = passing.taken() // the server may not have wanted all of it
	tr.tell(tr.checker.checkRequest(r, body, whole))
	if err != nil || response.StatusCode == http.StatusSwitchingProtocols {
		return response, err
	}
	w := &watched{ReadCloser: response.Body, watcher: tr.checker.watch(r, response.StatusCode, response.Header), transport: tr}
	tr.mu.Lock()
	tr.open[w] = true
	tr.mu.Unlock()
	response.Body = w
	return response, nil
}

// bodyOf returns the body of a request if it can be had without taking it from the request.
func bodyOf(r *http.Request) (data []byte, whole bool, err error) {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return nil, true, nil
	case r.GetBody == nil:
		return nil, false, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, false, errors.Join(err, r.Body.Close())
	}
	data, err = io.ReadAll(io.LimitReader(body, maxSent))
	if err = errors.Join(err, body.Close()); err != nil {
		err = errors.Join(err, r.Body.Close())
	}
	return data, true, err
}

// tell reports what is new of what was found, while the test runs.
func (tr *transport) tell(f Findings) {
	tr.t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, b := range f.Breaches {
		tr.tellOnce(b, "conform: %s", tr.t.Errorf)
	}
	for _, b := range f.Notes {
		tr.tellOnce(b, "conform: note: %s", tr.t.Logf)
	}
}

func (tr *transport) tellOnce(b Breach, format string, say func(string, ...any)) {
	tr.t.Helper()
	b.Times = 1
	same := format + indexes.ReplaceAllString(b.String(), "[]")
	if !tr.ended && !tr.told[same] {
		tr.told[same] = true
		say(format, b)
	}
}

// end judges what the test has left open by what was read of it.
func (tr *transport) end() {
	tr.mu.Lock()
	left := slices.Collect(maps.Keys(tr.open))
	tr.mu.Unlock()
	for _, w := range left {
		w.judge(false)
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.ended = true
}

// watched is the body of a response that is judged.
type watched struct {
	io.ReadCloser
	transport *transport

	mu      sync.Mutex
	watcher *watcher // nil once it has judged
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.mu.Lock()
	if w.watcher != nil {
		_, _ = w.watcher.Write(p[:n])
	}
	w.mu.Unlock()
	if err != nil {
		w.judge(errors.Is(err, io.EOF))
	}
	return n, err
}

func (w *watched) judge(whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watcher == nil {
		return
	}
	w.transport.tell(w.watcher.end(whole))
	w.watcher = nil
	w.transport.mu.Lock()
	defer w.transport.mu.Unlock()
	delete(w.transport.open, w)
}

// The limits of what is read when a test closes a body.
const (
	maxUnread  = 1 << 20
	unreadTime = time.Second
)

// Close implements io.Closer.
func (w *watched) Close() error {
	late := time.AfterFunc(unreadTime, func() { _ = w.ReadCloser.Close() })
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, w, maxUnread) // Read judges
	w.judge(false)
	return w.ReadCloser.Close()
}
