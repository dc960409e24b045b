package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/event"
)

// Wrap returns next behind the controls: each request is in the trace, may be struck by a fault, and finds the imports of its
// database as far as their scripts have them. next has to refuse what Refusal says.
//
// Faults close the connections of a listener that Listen has returned. Without it they have net/http do so, which for HTTP/2
// ends one stream and not the connection.
func (e *Emulator) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op, uid := e.find(r)
		r = r.WithContext(r.Context()) // a copy, as the request is not ours to change
		x := e.Trace.begin(w, r, op, uid)
		defer x.end()
		if op == nil {
			next.ServeHTTP(x, r)
		} else if f := e.Faults.strike(op.ID, uid); f != nil {
			e.fail(x, r, next, f)
		} else {
			e.settle(x, r)
			next.ServeHTTP(x, r)
		}
		x.whole = true
	})
}

// find returns the operation that a request is for, nil if there is none, and the uid of its database, 0 if it has none.
func (e *Emulator) find(r *http.Request) (*contract.Operation, int) {
	op, params := e.contract.Find(r.Method, r.URL.EscapedPath())
	if op == nil || !isForDatabase(op) {
		return op, 0
	}
	uid, err := strconv.ParseInt(params["uid"], 10, 32)
	if err != nil || uid < 1 || strconv.FormatInt(uid, 10) != params["uid"] {
		return op, 0
	}
	return op, int(uid)
}

func isForDatabase(op *contract.Operation) bool { return strings.HasPrefix(op.Path, "/v1/bdbs/{uid}") }

// settle has the scripts of the imports that an answer could show go as far as they can.
func (e *Emulator) settle(x *recording, r *http.Request) {
	switch {
	case x.exchange.UID != 0:
		e.Scripts.Settle(r.Context(), x.exchange.UID, isStep(r))
	case x.exchange.Operation == "listBDBs":
		e.Scripts.Settle(r.Context(), 0, false)
	}
}

// isStep reports whether r is a GET that a polled import counts. Some clients send each request without credentials first, and
// with them once they are challenged.
func isStep(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") != ""
}

// maxUpload is how many bytes of a struck request's body the server gets to see, which is more than it takes.
const maxUpload = 1 << 20

// fail does to a request what a fault says. The client can send all of it first, as it can to a server.
func (e *Emulator) fail(x *recording, r *http.Request, next http.Handler, f *putFault) {
	x.exchange.Fault = f.Name
	e.events(r.Context(), event.FaultStruck{
		Fault: f.Name, Operation: f.Operation, UID: x.exchange.UID, Remote: r.RemoteAddr, Delay: f.Delay, Status: f.Status, Close: string(f.Close),
	})
	if readAhead(r) == nil && f.wait(x, r.Context()) != nil {
		panic(http.ErrAbortHandler)
	}
	if f.Status != 0 {
		next.ServeHTTP(x, r.WithContext(context.WithValue(r.Context(), refusalKey{}, f)))
		return
	}
	if f.Close == CloseNever {
		e.settle(x, r)
		next.ServeHTTP(x, r)
		return
	}
	x.cut = func() { e.connections.close(r) }
	if f.Close != CloseBefore {
		h := &held{ResponseWriter: x.ResponseWriter}
		x.ResponseWriter = h
		e.settle(x, r)
		next.ServeHTTP(x, r)
		_ = x.release() // to h, which does not fail
		if f.Close == CloseBody && r.Method != http.MethodHead {
			h.sendHalf()
		}
	}
	panic(http.ErrAbortHandler) // with which net/http sends no more
}

// readAhead has the client send all of the body, and leaves in r as much of it as the server has to see. It returns an error if
// the client does not send it; the server finds that, too.
func readAhead(r *http.Request) error {
	var begin bytes.Buffer
	_, err := io.CopyN(&begin, r.Body, maxUpload)
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	} else if errors.Is(err, io.EOF) {
		err = nil
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(&begin, r.Body), r.Body}
	return err
}

// sendHalf sends the header of the answer and the first half of its body, if it has one.
func (h *held) sendHalf() {
	if h.size == 0 {
		return
	}
	// Without a length the answer to HTTP/1.0 would end with the connection, and half of it seem whole.
	h.Header().Set("Content-Length", strconv.FormatInt(h.size, 10))
	h.ResponseWriter.WriteHeader(h.status)
	half := h.begin[:min(h.size/2, maxHeld)]
	// HTTP/2 puts what is flushed on the wire a little later, but before it takes more.
	for _, piece := range [][]byte{half[:len(half)/2], half[len(half)/2:]} {
		_, err := h.ResponseWriter.Write(piece)
		if err != nil || http.NewResponseController(h.ResponseWriter).Flush() != nil {
			return
		}
	}
}

type refusalKey struct{}

// Refusal returns what a fault has the server refuse a request with, or no code. It is a server.Config's Refuse.
func Refusal(r *http.Request) (code api.ErrorCode, description string) {
	f, ok := r.Context().Value(refusalKey{}).(*putFault)
	if !ok {
		return "", ""
	}
	return api.ErrorCode(f.Code), f.Description
}
