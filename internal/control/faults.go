package control

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/contract"
)

// Fault is what happens to some requests for an operation. The requests that it strikes are the First, or each one whose
// number is a multiple of Every, or a Share of them; all, if it says none of these. They are numbered from 1 in the order in
// which they come, whatever else is wrong with them.
type Fault struct {
	// Name is the fault's own. It takes 1 to 64 characters.
	Name string
	// Operation is an operationId of the contract. A HEAD is a request for the operation of the GET.
	Operation string
	// UID is the database that requests are for; 0 for any, which operations that are not for one database need.
	UID int

	First int
	Every int
	// Share is from 0 to 1. Seed decides which requests are in it: with the same one, the same are, by number.
	Share float64
	Seed  uint64

	// Status and Code are an answer that the contract documents for the operation, other than its success. A Status that has one
	// Code needs none, and a Code needs no Status. The request is not looked at then, not even at its credentials.
	Status int
	Code   string
	// Description is that of the answer; the contract's own if empty.
	Description string
	// Delay is how long the request waits before all else, by the machine's clock. Clearing the fault ends the wait.
	Delay time.Duration
	// Close is when the request's TCP connection is closed instead of an answer, so it takes no Status.
	Close Close
}

// Close is a time at which a connection is closed.
type Close string

// The times at which a connection is closed.
const (
	// CloseNever leaves the connection open.
	CloseNever Close = ""
	// CloseBefore is before the server looks at the request, which changes nothing.
	CloseBefore Close = "before"
	// CloseAfter is after the server has answered, so after the change is on disk, and before a byte of the answer is sent.
	CloseAfter Close = "after"
	// CloseBody is after CloseAfter, when the header of the answer and half of its body are sent. An answer whose header alone
	// would be whole, as it has no body, is not sent at all, nor is one to HTTP/1.0 that ends where the connection does.
	CloseBody Close = "body"
)

// FaultState is a Fault that has been put, and what it has done since.
type FaultState struct {
	Fault
	Seen   int // requests that it was asked about
	Struck int // those that it struck
}

// Faults has the faults that have been put. Its methods may be called from many goroutines.
type Faults struct {
	contract *contract.Contract

	mu  sync.Mutex
	all []*putFault // in the order in which they were put
}

// putFault is a Fault that counts.
type putFault struct {
	FaultState
	random  *rand.Rand
	cleared chan struct{} // closed when it is
}

func newFaults(c *contract.Contract) *Faults { return &Faults{contract: c} }

// Put adds a fault behind the others, in the place of one with its name. At most one fault strikes a request: the first that
// was put. Those behind it neither see nor count that request, so that two faults that strike the first one each strike the
// first and the second. The error is a *database.FieldError.
func (f *Faults) Put(fault Fault) error {
	fault, err := complete(f.contract, fault)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clear(func(p *putFault) bool { return p.Name == fault.Name })
	f.all = append(f.all, &putFault{
		FaultState: FaultState{Fault: fault},
		random:     rand.New(rand.NewPCG(fault.Seed, 0)), //nolint:gosec // the same faults for the same seed
		cleared:    make(chan struct{}),
	})
	return nil
}

// List returns the faults in the order in which they were put, with all that Put has filled in.
func (f *Faults) List() []FaultState {
	f.mu.Lock()
	defer f.mu.Unlock()
	states := make([]FaultState, len(f.all))
	for i, p := range f.all {
		states[i] = p.FaultState
	}
	return states
}

// Clear takes away the fault with a name, and reports whether there was one. Requests that it delays go on at once.
func (f *Faults) Clear(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clear(func(p *putFault) bool { return p.Name == name })
}

// ClearAll takes away all faults. Requests that they delay go on at once.
func (f *Faults) ClearAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clear(func(*putFault) bool { return true })
}

func (f *Faults) clear(goes func(*putFault) bool) bool {
	before := len(f.all)
	f.all = slices.DeleteFunc(f.all, func(p *putFault) bool {
		if !goes(p) {
			return false
		}
		close(p.cleared)
		return true
	})
	return len(f.all) < before
}

// strike counts a request, and returns the fault that strikes it, or nil.
func (f *Faults) strike(operation string, uid int) *putFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.all {
		if p.Operation == operation && (p.UID == 0 || p.UID == uid) && p.strikes() {
			return p
		}
	}
	return nil
}

func (p *putFault) strikes() bool {
	p.Seen++
	strikes := true
	switch {
	case p.First > 0:
		strikes = p.Seen <= p.First
	case p.Every > 0:
		strikes = p.Seen%p.Every == 0
	case p.Share > 0:
		strikes = p.random.Float64() < p.Share
	}
	if strikes {
		p.Struck++
	}
	return strikes
}

// answerTime is how long a server may take for its answer after a delay.
const answerTime = 20 * time.Second

// wait waits for the fault's delay, or until the fault is cleared. The error is the request's end.
func (p *putFault) wait(w http.ResponseWriter, ctx context.Context) error {
	if p.Delay == 0 {
		return nil
	}
	// The server's own limits would end the request first: its write deadline, and for HTTP/1 also its read deadline.
	controller, end := http.NewResponseController(w), time.Now().Add(p.Delay+answerTime)
	_, _ = controller.SetReadDeadline(end), controller.SetWriteDeadline(end) // a writer without a connection has none
	timer := time.NewTimer(p.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.cleared:
	case <-ctx.Done():
	}
	return ctx.Err()
}
