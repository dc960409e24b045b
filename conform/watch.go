package conform

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// maxHeld is how much of a body is held until the body has ended. What is longer is judged while it passes.
const maxHeld = 64 << 10

// watcher judges a response, whose body others read.
type watcher struct {
	head  Findings
	judge func(io.Reader) Findings
	held  []byte
	pipe  *io.PipeWriter // to the goroutine that judges a long body; nil for a short one
	found chan Findings  // from that goroutine
}

func (c Checker) watch(r *http.Request, status int, header http.Header) *watcher {
	head, judge := c.checkHead(r, status, header)
	return &watcher{head: head, judge: judge}
}

func (w *watcher) text() io.Reader { return bytes.NewReader(w.held) }

// Write takes what has passed. It waits while a long body is judged.
func (w *watcher) Write(data []byte) (int, error) {
	if w.pipe == nil && len(w.held)+len(data) <= maxHeld {
		w.held = append(w.held, data...)
		return len(data), nil
	}
	if w.pipe == nil {
		rest, pipe := io.Pipe()
		w.pipe, w.found = pipe, make(chan Findings, 1)
		go func() { w.found <- w.judge(io.MultiReader(w.text(), rest)) }()
	}
	return w.pipe.Write(data)
}

// end says that the body has ended; if whole is false, before its end. It returns all that was found.
func (w *watcher) end(whole bool) Findings {
	err := io.EOF
	if !whole {
		err = errCut
	}
	if w.pipe == nil {
		return w.head.and(w.judge(io.MultiReader(w.text(), failing{err})))
	}
	_ = w.pipe.CloseWithError(err) // it never fails
	return w.head.and(<-w.found)
}

// failing is a reader that has nothing but an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// sent keeps a request's body while others read it, as far as requests may have one.
type sent struct {
	io.ReadCloser

	mu    sync.Mutex // a transport may read on when the response is there
	data  []byte
	whole bool
}

func (s *sent) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if room := maxSent - len(s.data); room > 0 {
		s.data = append(s.data, p[:min(n, room)]...)
	}
	s.whole = s.whole || err == io.EOF
	return n, err
}

// taken returns what has been read, and whether that is all.
func (s *sent) taken() (data []byte, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data, s.whole || len(s.data) == maxSent
}

// again has data, which was read, read once more.
func (s *sent) again(data []byte) {
	s.ReadCloser = io.NopCloser(io.MultiReader(bytes.NewReader(data), s.ReadCloser))
	s.data, s.whole = nil, false
}
