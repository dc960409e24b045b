package server

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/database"
)

// listing is an answer with many databases. It is encoded a chunk at a time, each when the client has taken the one before:
// however many databases there are, an answer takes the memory of one chunk, and no more of it is made than is read.
type listing struct {
	ctx        context.Context // of the request
	turns      *turns
	databases  iter.Seq[database.Database]
	append     func([]byte, *database.Database) []byte
	headerOnly bool

	next     func() (database.Database, bool)
	database database.Database // the newest; a variable of a function's own would escape anew for each
	some     bool              // databases have been encoded
}

// chunk is how many bytes are encoded in one turn: a dozen databases, which take a fraction of a millisecond. The last
// database may go beyond.
const chunk = 64 << 10

// turns bounds how many listings are encoded at once. The others wait, in the order in which they came. A client that
// takes its time holds up nobody: a turn ends before its chunk is sent.
type turns struct {
	taken   chan struct{}
	buffers sync.Pool // of *[]byte
}

func newTurns(n int) *turns {
	t := &turns{taken: make(chan struct{}, n)}
	t.buffers.New = func() any { return new(make([]byte, 0, chunk+chunk/8)) }
	return t
}

func (t *turns) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turns) end() { <-t.taken }

// VisitListBDBsResponse implements the generated interface.
func (l *listing) VisitListBDBsResponse(w http.ResponseWriter) error {
	next, stop := iter.Pull(l.databases)
	defer stop()
	l.next = next
	buffer := l.turns.buffers.Get().(*[]byte)
	defer l.turns.buffers.Put(buffer) // not what large settings have made of it
	w.Header()["Content-Type"] = []string{"application/json"}
	b := append((*buffer)[:0], '[')
	for first := true; ; first = false {
		complete, err := l.fill(&b)
		if err != nil {
			return err
		}
		if first && complete {
			w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
		}
		if l.headerOnly {
			w.WriteHeader(http.StatusOK)
			return nil
		}
		if err := write(w, b); err != nil || complete {
			return err
		}
		b = b[:0]
	}
}

// fill appends a chunk of the list, in a turn of its own, and reports whether that completes the list.
func (l *listing) fill(b *[]byte) (complete bool, err error) {
	if err := l.turns.take(l.ctx); err != nil {
		return false, err
	}
	defer l.turns.end()
	for len(*b) < chunk {
		var more bool
		if l.database, more = l.next(); !more {
			*b = append(*b, ']')
			return true, nil
		}
		if l.some {
			*b = append(*b, ',')
		}
		*b, l.some = l.append(*b, &l.database), true
	}
	return false, nil
}

// write sends b. The client has the time of a small answer for each chunk.
func write(w http.ResponseWriter, b []byte) error {
	err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err = w.Write(b)
	return err
}
