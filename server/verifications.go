package server

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"
)

// How many verifications may wait: of one connection, and of all.
const (
	maxWaitingOfConnection = 16
	maxWaiting             = 128
)

// maxWait is how long a login waits for its turn, well below the time that an answer and a shutdown have.
const maxWait = 5 * time.Second

// reservedTurns is how many verifications of a connection may have the reserved slot, before it is like any other.
const reservedTurns = 4

// maxRefusals is how many requests of a connection are turned away at once within a second: as many as HTTP/2 lets it have
// under way.
const maxRefusals = 250

// retryAfter is when to ask again. Meanwhile a slot verifies a dozen passwords.
const retryAfter = time.Second

// verifications shares bcrypt's time out among connections. Each verification occupies a core for tens of milliseconds,
// so few run at once, and whoever has had fewest goes first: a new connection does not wait behind another's hundreds.
// One slot is reserved for the first verifications of peers that have proved a password before, whatever strangers ask
// for.
//
// Requests beyond the bounds are turned away at once. A connection that sends hundreds of them a second is held for a
// moment: refusing those in a loop takes more of the processor than the verifications.
type verifications struct {
	general  int // slots that are free
	reserved int
	hold     time.Duration
	patience time.Duration

	mu          sync.Mutex
	connections map[string]*connection     // those that have something waiting or running
	pending     map[proofKey]*verification // waiting or running
	waiting     int
	arrivals    int
}

// connection is a TCP connection, which may carry hundreds of requests at once.
type connection struct {
	name    string
	trusted bool
	waiting []*verification // oldest first
	running int
	had     int       // how many of its verifications have begun
	refused int       // of its requests
	since   time.Time // that many were refused
}

// verification is one password under one name, for all who try it at once.
type verification struct {
	key        proofKey
	connection *connection // which asked first
	arrival    int
	waiters    int
	slot       *int          // where it runs, nil while it waits
	turn       chan struct{} // holds a token once it may run; the waiter who takes it does the work
	done       chan struct{} // closed when err is there
	err        error
}

// newVerifications returns one with general slots, or if that is 0, so many that one core stays for the requests that need
// no verification.
func newVerifications(general int) *verifications {
	if general == 0 {
		general = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return &verifications{
		general: general, reserved: 1, hold: retryAfter, patience: maxWait,
		connections: map[string]*connection{}, pending: map[proofKey]*verification{},
	}
}

// do returns the error of verify, which it or another caller with the same key runs. It is errTooManyRequests if too many
// wait, or when ctx ends first.
func (q *verifications) do(ctx context.Context, connection string, trusted bool, key proofKey, verify func() error) error {
	v, tooOften := q.join(connection, trusted, key)
	switch {
	case v != nil:
		return q.await(ctx, v, verify)
	case tooOften:
		select {
		case <-time.After(q.hold/2 + rand.N(q.hold+1)): //nolint:gosec // not all at once; it keeps no secret
		case <-ctx.Done():
		}
	}
	return errTooManyRequests
}

func (q *verifications) await(ctx context.Context, v *verification, verify func() error) error {
	select {
	case <-v.turn:
		q.run(v, verify)
		return v.err
	case <-v.done:
		return v.err
	case <-time.After(q.patience):
	case <-ctx.Done(): // nobody reads the answer, and the log has no error of ours
	}
	q.leave(v)
	return errTooManyRequests
}

// join returns the verification to wait for, nil if there is no room for it; then tooOften reports whether the connection
// has been turned away maxRefusals times lately.
func (q *verifications) join(name string, trusted bool, key proofKey) (v *verification, tooOften bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if v := q.pending[key]; v != nil {
		v.waiters++
		return v, false
	}
	c := q.connections[name]
	if c == nil {
		c = &connection{name: name}
	}
	c.trusted = trusted
	if len(c.waiting) >= maxWaitingOfConnection || q.waiting >= maxWaiting && !q.makeRoom(c) {
		return nil, c.refuse(q.hold) > maxRefusals
	}
	q.connections[name] = c
	q.arrivals++
	v = &verification{key: key, connection: c, arrival: q.arrivals, waiters: 1, turn: make(chan struct{}, 1), done: make(chan struct{})}
	q.pending[key] = v
	c.waiting = append(c.waiting, v)
	q.waiting++
	q.dispatch()
	return v, false
}

// refuse counts a request that is turned away, and returns how many were within the period.
func (c *connection) refuse(period time.Duration) int {
	if now := time.Now(); now.Sub(c.since) > period {
		c.since, c.refused = now, 0
	}
	c.refused++
	return c.refused
}

// makeRoom takes the newest verification from the connection with most of them, unless that would not be fairer than to
// turn the newcomer away. Strangers make room in any case for one that may have the reserved slot: as many connections as
// may wait would otherwise keep it out.
func (q *verifications) makeRoom(newcomer *connection) bool {
	var heaviest *connection
	if newcomer.trusted && newcomer.had+len(newcomer.waiting) < reservedTurns {
		heaviest = q.heaviest(func(c *connection) bool { return !c.trusted })
	}
	if heaviest == nil {
		heaviest = q.heaviest(func(*connection) bool { return true })
		if heaviest == nil || len(heaviest.waiting) <= len(newcomer.waiting)+1 {
			return false
		}
	}
	v := heaviest.waiting[len(heaviest.waiting)-1]
	q.unqueue(v)
	q.finish(v, errTooManyRequests)
	return true
}

// heaviest returns the connection that most wait of, of those that may, nil if none waits.
func (q *verifications) heaviest(may func(*connection) bool) (heaviest *connection) {
	for _, c := range q.connections {
		if len(c.waiting) > 0 && may(c) && (heaviest == nil || len(c.waiting) > len(heaviest.waiting)) {
			heaviest = c
		}
	}
	return heaviest
}

// dispatch lets run what the free slots have room for.
func (q *verifications) dispatch() {
	reserved := func(c *connection) bool { return c.trusted && c.had < reservedTurns }
	for q.reserved > 0 && q.start(q.next(reserved), &q.reserved) {
	}
	for q.general > 0 && q.start(q.next(func(*connection) bool { return true }), &q.general) {
	}
}

// next returns the oldest verification of the connection that has had fewest, of those that may, nil if none waits.
func (q *verifications) next(may func(*connection) bool) *verification {
	var first *verification
	for _, c := range q.connections {
		if len(c.waiting) == 0 || !may(c) {
			continue
		}
		if v := c.waiting[0]; first == nil || c.had < first.connection.had || c.had == first.connection.had && v.arrival < first.arrival {
			first = v
		}
	}
	return first
}

func (q *verifications) start(v *verification, slot *int) bool {
	if v == nil {
		return false
	}
	q.unqueue(v)
	*slot--
	v.slot = slot
	v.connection.running++
	v.connection.had++
	v.turn <- struct{}{}
	return true
}

func (q *verifications) run(v *verification, verify func() error) {
	err := errUnauthorized // stays if verify panics: those who wait must not take that for a success
	defer func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.finish(v, err)
	}()
	err = verify()
}

// leave gives up waiting. Nobody can leave who runs the verification, so one that is left by all has not begun.
func (q *verifications) leave(v *verification) {
	q.mu.Lock()
	defer q.mu.Unlock()
	v.waiters--
	if v.waiters > 0 || q.pending[v.key] != v {
		return
	}
	if v.slot == nil {
		q.unqueue(v)
	}
	q.finish(v, context.Canceled)
}

func (q *verifications) unqueue(v *verification) {
	c := v.connection
	c.waiting = slices.DeleteFunc(c.waiting, func(o *verification) bool { return o == v })
	q.waiting--
}

// finish wakes the waiters and gives the slot to the next.
func (q *verifications) finish(v *verification, err error) {
	delete(q.pending, v.key)
	v.err = err
	close(v.done)
	if v.slot != nil {
		*v.slot++
		v.connection.running--
	}
	if c := v.connection; len(c.waiting) == 0 && c.running == 0 {
		delete(q.connections, c.name)
	}
	q.dispatch()
}
