package control

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/secret"
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
	// Gone is an exchange whose client had closed the connection, or its own side of it, before the answer was complete.
	Gone End = "gone"
)

// Trace has the newest exchanges of a node. An exchange is in it before its client has the whole answer. Its methods may be
// called from many goroutines.
type Trace struct {
	now     func() time.Time
	most    int // exchanges
	maxBody int

	mu   sync.Mutex
	ring []record // the exchange n is at n-1 modulo most
	last int
	more chan struct{} // closed by the next exchange; nil if nobody waits for it
}

// record is an exchange with its headers and the beginnings of its bodies as they came. They are masked when somebody reads
// them, which for most is never.
type record struct {
	exchange       Exchange
	sent, answered []byte
}

func newTrace(now func() time.Time, exchanges, body int) *Trace {
	return &Trace{now: now, most: exchanges, maxBody: body}
}

// Last returns the number of the newest exchange, 0 if there is none.
func (t *Trace) Last() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// Count returns how many of the exchanges that the trace still has are for an operation.
func (t *Trace) Count(operation string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.ring {
		if r.exchange.Operation == operation {
			n++
		}
	}
	return n
}

// Since returns the exchanges after the nth, the oldest first, as far as the trace still has them.
func (t *Trace) Since(n int) []Exchange {
	records, _ := t.since(n, false)
	return t.masked(records)
}

// Wait is Since that waits until there is such an exchange. The error is why ctx ended before.
func (t *Trace) Wait(ctx context.Context, n int) ([]Exchange, error) {
	for {
		records, more := t.since(n, true)
		if len(records) > 0 {
			return t.masked(records), nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// since also returns what the next exchange closes, if there is none yet and wait is set.
func (t *Trace) since(n int, wait bool) (records []record, more <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := max(n, t.last-len(t.ring), 0) + 1; i <= t.last; i++ {
		records = append(records, t.ring[(i-1)%t.most])
	}
	if wait && len(records) == 0 && t.more == nil {
		t.more = make(chan struct{})
	}
	return records, t.more
}

func (t *Trace) masked(records []record) []Exchange {
	exchanges := make([]Exchange, len(records))
	for i, r := range records {
		var mask secret.Mask
		r.exchange.Request.Header, r.exchange.Response.Header = mask.Header(r.exchange.Request.Header), mask.Header(r.exchange.Response.Header)
		r.exchange.Request.Body, r.exchange.Response.Body = string(mask.JSON(r.sent)), string(mask.JSON(r.answered))
		exchanges[i] = r.exchange
	}
	return exchanges
}

func (t *Trace) add(r record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	r.exchange.Number = t.last
	if len(t.ring) < t.most {
		t.ring = append(t.ring, r)
	} else {
		t.ring[(t.last-1)%t.most] = r
	}
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
}

// keep appends as much of a body to its beginning as the trace keeps.
func (t *Trace) keep(begin, more []byte) []byte {
	return append(begin, more[:min(len(more), t.maxBody-len(begin))]...)
}

func (t *Trace) bounded(s string) string { return s[:min(len(s), t.maxBody)] }

// header returns a copy of h of as many bytes as the trace keeps of a body.
func (t *Trace) header(h http.Header) http.Header {
	kept, left := make(http.Header, len(h)), t.maxBody
	for name, values := range h {
		for _, value := range values {
			if left -= len(name) + len(value); left < 0 {
				return kept
			}
			kept[name] = append(kept[name], value)
		}
	}
	return kept
}
