package source

import (
	"errors"
	"io"
	"os"
)

const (
	aheadChunk  = 256 << 10 // bytes inflated at a time
	aheadChunks = 4         // that wait for the reader, or that it reads
	aheadQuiet  = 1 << 20   // bytes read of the file after which the meter is told although they have made nothing
)

var errStopped = errors.New("nobody reads on")

// ahead inflates a File on a goroutine of its own, up to aheadChunks ahead of the reader. What it inflates it also keeps in the
// spool, unless there is no room: inflating is the slowest part of an import, and need not be done twice.
type ahead struct {
	in    *inflated
	kept  *os.File // nil if there is no room
	to    io.Writer
	size  int64 // bytes in kept
	whole bool  // kept has all

	quiet  int // bytes read of the file since the last chunk
	chunks chan chunk
	free   chan []byte
	stop   chan struct{}
	ended  chan struct{}

	// What follows is of the reader.
	meter func(n int) error
	at    chunk
	left  []byte // of at
	err   error
}

// chunk is what was inflated in one go, and how many bytes of the file that took.
type chunk struct {
	buf, data []byte
	raw       int
	err       error
}

// inflateAhead begins to inflate in, whose raw bytes meter is told of, and keeps it in the file kept by writing to it. Without
// a file it keeps nothing.
func inflateAhead(in *inflated, meter func(n int) error, kept *os.File, to io.Writer) *ahead {
	a := &ahead{
		in: in, meter: meter, kept: kept, to: to,
		chunks: make(chan chunk, aheadChunks), free: make(chan []byte, aheadChunks), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	for range aheadChunks {
		a.free <- nil
	}
	a.quiet = int(in.raw.n)
	in.raw.meter = a.passed
	go a.run()
	return a
}

func (a *ahead) run() {
	defer close(a.ended)
	for {
		var buf []byte
		select {
		case buf = <-a.free:
		case <-a.stop:
			return
		}
		if buf == nil {
			buf = make([]byte, aheadChunk)
		}
		c := chunk{buf: buf}
		for n := 0; n < len(buf) && c.err == nil; c.data = buf[:n] {
			var k int
			k, c.err = a.in.Read(buf[n:])
			n += k
		}
		a.keep(c.data)
		a.whole = errors.Is(c.err, io.EOF) && a.kept != nil
		if a.send(c) != nil || c.err != nil {
			return
		}
	}
}

// keep writes p to the spool. Without room it gives that up.
func (a *ahead) keep(p []byte) {
	if a.kept == nil {
		return
	}
	if _, err := a.to.Write(p); err != nil {
		_ = a.kept.Close()
		a.kept = nil
		return
	}
	a.size += int64(len(p))
}

// passed is the meter of the goroutine. However little a file inflates to, the reader learns that it is read.
func (a *ahead) passed(n int) error {
	if a.quiet += n; a.quiet < aheadQuiet {
		return nil
	}
	return a.send(chunk{})
}

func (a *ahead) send(c chunk) error {
	c.raw, a.quiet = a.quiet, 0
	select {
	case a.chunks <- c:
		return nil
	case <-a.stop:
		return errStopped
	}
}

// Read reads what was inflated.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.left) == 0 && a.err == nil {
		a.next()
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	if len(a.left) > 0 {
		return n, nil
	}
	return n, a.err
}

func (a *ahead) next() {
	if a.at.buf != nil {
		a.free <- a.at.buf
	}
	a.at = <-a.chunks
	a.left, a.err = a.at.data, a.at.err
	if stop := a.meter(a.at.raw); stop != nil {
		a.left, a.err = nil, stop
	}
}

// end stops the goroutine, and returns the file that has all of what was to be inflated, and its size. It is nil if there is
// none.
func (a *ahead) end() (*os.File, int64) {
	close(a.stop)
	<-a.ended
	if a.kept != nil && !a.whole {
		_ = a.kept.Close()
		return nil, 0
	}
	return a.kept, a.size
}
