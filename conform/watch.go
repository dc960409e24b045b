package conform

import (
	"bytes"
	"io"
	"net/http"
)

// maxHeld is how much of a body is held until the body has ended. What is longer is judged while it passes.
const maxHeld = 64 << 10

// watcher judges a response's body, which others read.
type watcher struct {
	check *check
	judge func(io.Reader)
	held  []byte
	pipe  *io.PipeWriter // to the goroutine that judges a long body; nil for a short one
	done  chan struct{}  // closed when that has ended
}

func (c Checker) watch(r *http.Request, status int, header http.Header) *watcher {
	p, judge := c.checkHead(r, status, header)
	return &watcher{check: p, judge: judge}
}

// Write takes what has passed. It waits while a long body is judged.
func (w *watcher) Write(data []byte) (int, error) {
	if w.pipe == nil && len(w.held)+len(data) <= maxHeld {
		w.held = append(w.held, data...)
		return len(data), nil
	}
	if w.pipe == nil {
		w.judgeBeside()
	}
	return w.pipe.Write(data)
}

func (w *watcher) judgeBeside() {
	rest, pipe := io.Pipe()
	w.pipe, w.done = pipe, make(chan struct{})
	go func() {
		defer close(w.done)
		w.judge(io.MultiReader(bytes.NewReader(w.held), rest))
	}()
}

// end says that the body has ended; if whole is false, before its end.
func (w *watcher) end(whole bool) Findings {
	err := io.EOF
	if !whole {
		err = errCut
	}
	if w.pipe != nil {
		_ = w.pipe.CloseWithError(err) // it never fails
		<-w.done
	} else {
		w.judge(io.MultiReader(bytes.NewReader(w.held), failing{err}))
	}
	return w.check.findings()
}

// failing is a reader that has nothing but an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// sent keeps a request's body while others read it, as far as requests may have one.
type sent struct {
	io.ReadCloser
	data  []byte
	whole bool
}

func (s *sent) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if room := maxSent - len(s.data); room > 0 {
		s.data = append(s.data, p[:min(n, room)]...)
	}
	s.whole = s.whole || err == io.EOF //nolint:errorlint // as a Reader returns it
	return n, err
}
