package control

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/secret"
)

// recording is the ResponseWriter of a request that makes an exchange of it. It keeps back the last byte of the answer until
// the exchange is in the trace, so whoever has the answer finds it there.
type recording struct {
	http.ResponseWriter
	trace *Trace
	record
	ctx   context.Context // of the request
	start time.Time
	head  bool // no body will be sent
	last  [1]byte
	kept  bool   // the last byte
	whole bool   // the handler has answered
	cut   func() // closes the connection; nil if nothing does
}

// begin starts the recording of r, whose body it watches.
func (t *Trace) begin(w http.ResponseWriter, r *http.Request, op *contract.Operation, uid int) *recording {
	x := &recording{ResponseWriter: w, trace: t, ctx: r.Context(), start: time.Now(), head: r.Method == http.MethodHead}
	x.exchange = Exchange{
		Time: t.now(), UID: uid, Method: t.bounded(r.Method), Path: t.bounded(new(secret.Mask).Target(r.URL)),
		Request: Message{Header: t.header(r.Header)},
	}
	if op != nil {
		x.exchange.Operation = op.ID
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &upload{r.Body, x}
	}
	return x
}

// end puts the exchange into the trace and then lets go of what the client waits for. It also is for a handler that panics.
func (x *recording) end() {
	x.exchange.Took = time.Since(x.start)
	switch {
	case x.cut != nil:
		x.exchange.End = Cut
	case x.ctx.Err() != nil:
		x.exchange.End = Gone
	case !x.whole:
		x.exchange.End = Cut
	default:
		x.exchange.End = Answered
		x.begun(http.StatusOK) // as net/http does
	}
	x.trace.add(x.record)
	if x.cut != nil {
		x.cut()
	} else if x.whole {
		_ = x.release() // if it fails, the client is gone
	}
}

// WriteHeader implements http.ResponseWriter.
func (x *recording) WriteHeader(status int) {
	x.begun(status)
	x.ResponseWriter.WriteHeader(status)
}

func (x *recording) begun(status int) {
	if x.exchange.Status == 0 && status >= http.StatusOK {
		x.exchange.Status, x.exchange.Response.Header = status, x.trace.header(x.Header())
	}
}

func (x *recording) Write(p []byte) (int, error) {
	x.begun(http.StatusOK)
	if len(p) == 0 {
		return 0, nil
	}
	if !x.head {
		x.exchange.Response.Size += int64(len(p))
		x.answered = x.trace.keep(x.answered, p)
	}
	if err := x.release(); err != nil {
		return 0, err
	}
	n, err := x.ResponseWriter.Write(p[:len(p)-1])
	if err == nil {
		x.last[0], x.kept = p[len(p)-1], true
		n++
	}
	return n, err
}

// release sends the byte that is kept back.
func (x *recording) release() error {
	if !x.kept {
		return nil
	}
	x.kept = false
	_, err := x.ResponseWriter.Write(x.last[:]) //nolint:gosec // the last byte of what the handler wrote, as it was
	return err
}

// Flush implements http.Flusher.
func (x *recording) Flush() { _ = x.FlushError() }

// FlushError sends all that has been written.
func (x *recording) FlushError() error {
	x.begun(http.StatusOK)
	if err := x.release(); err != nil {
		return err
	}
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (x *recording) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// upload is a request's body on its way into an exchange.
type upload struct {
	io.ReadCloser
	x *recording
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.x.exchange.Request.Size += int64(n)
	u.x.sent = u.x.trace.keep(u.x.sent, p[:n])
	return n, err
}

// held takes an answer and sends none of it.
type held struct {
	http.ResponseWriter
	status int
	begin  []byte // of the body
	size   int64
}

// maxHeld is how many bytes of an answer are held; the others are dropped.
const maxHeld = 64 << 10

func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *held) Write(p []byte) (int, error) {
	h.size += int64(len(p))
	h.begin = append(h.begin, p[:min(len(p), maxHeld-len(h.begin))]...)
	return len(p), nil
}

// FlushError implements what http.ResponseController looks for.
func (h *held) FlushError() error { return nil }

// Unwrap is for http.ResponseController.
func (h *held) Unwrap() http.ResponseWriter { return h.ResponseWriter }
