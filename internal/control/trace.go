package control

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// How much a Trace keeps: so many exchanges, and so many bytes of each body.
const (
	maxExchanges = 1000
	maxBody      = 16 << 10
)

// Exchange is a request and what became of it. Secrets in it are masked.
type Exchange struct {
	Number    int           // from 1, in the order in which the exchanges ended
	Time      time.Time     // when the request came, by the domain clock
	Took      time.Duration // by the machine's
	Operation string        // operationId; empty for a request that the contract has no operation for
	UID       int           // of the database that the request is for; 0 if it is for none
	Method    string
	Path      string // with the query
	Request   Message
	Status    int // 0 if there was no answer
	Response  Message
	Fault     string // name of the fault that struck the request
	End       End
}

// Message is a request or an answer without its first line.
type Message struct {
	// Header is as the server has set it: the Date and what else the connection adds is not in it.
	Header http.Header
	// Body is the beginning of the body, if it is JSON. Others are not kept, as nobody could find the secrets in them.
	Body string
	// Size is that of the whole body in bytes, as far as it was read or written.
	Size int64
}

// End is how an exchange ended.
type End string

// The ends of exchanges.
const (
	Answered End = "answered"
	// Cut is an exchange whose connection was closed. Its answer, if there is one, was sent in part or not at all.
	Cut End = "cut"
	// Gone is an exchange whose client did not wait for the answer.
	Gone End = "gone"
)

// Trace has the newest exchanges of a node. An exchange is in it before its client has the whole answer. Its methods may be
// called from many goroutines.
type Trace struct {
	now     func() time.Time
	maxBody int

	mu   sync.Mutex
	ring []Exchange // the exchange n is at n modulo its length
	last int
	more chan struct{} // closed by the next exchange; nil if nobody waits for it
}

func newTrace(now func() time.Time, exchanges, body int) *Trace {
	return &Trace{now: now, maxBody: body, ring: make([]Exchange, exchanges)}
}

// Last returns the number of the newest exchange, 0 if there is none.
func (t *Trace) Last() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// Since returns the exchanges after the nth, the oldest first, as far as the trace still has them.
func (t *Trace) Since(n int) []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.since(n)
}

// Wait is Since that waits until there is such an exchange. The error is why ctx ended before.
func (t *Trace) Wait(ctx context.Context, n int) ([]Exchange, error) {
	for {
		t.mu.Lock()
		found := t.since(n)
		if t.more == nil {
			t.more = make(chan struct{})
		}
		more := t.more
		t.mu.Unlock()
		if len(found) > 0 {
			return found, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (t *Trace) since(n int) []Exchange {
	var found []Exchange
	for i := max(n, t.last-len(t.ring), 0) + 1; i <= t.last; i++ {
		found = append(found, t.ring[i%len(t.ring)])
	}
	return found
}

func (t *Trace) add(x *Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	x.Number = t.last
	t.ring[t.last%len(t.ring)] = *x
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
}
