// Package control is the state of the emulator's controls and what it does to requests: it strikes some with faults, and
// keeps a trace of all.
package control

import (
	"time"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/event"
)

// Emulator is what the controls of one node control. It outlives a reset of the node.
type Emulator struct {
	Faults *Faults
	Trace  *Trace

	contract *contract.Contract
	events   event.Sink
}

// New returns an Emulator that changes nothing yet. events takes what it does.
func New(events event.Sink) (*Emulator, error) {
	c, err := contract.Load()
	if err != nil {
		return nil, err
	}
	return &Emulator{Faults: newFaults(c), Trace: newTrace(time.Now, maxExchanges, maxBody), contract: c, events: events}, nil
}
