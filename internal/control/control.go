// Package control is the state of the emulator's controls, and what it does to imports and requests: the domain clock, the
// scripts of simulated databases, faults, and a trace of the requests.
package control

import (
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/event"
)

// Emulator is what the controls of one node control. It outlives a reset of the node, whose Now is the Clock's, and whose
// importer has Scripts.Next for its Script.
type Emulator struct {
	Clock   *Clock
	Scripts *Scripts
	Faults  *Faults
	Trace   *Trace

	contract    *contract.Contract
	connections connections
	events      event.Sink
}

// New returns an Emulator that changes nothing yet. events takes what its scripts and faults do. The error is about the
// contract.
func New(events event.Sink) (*Emulator, error) {
	c, err := contract.Load()
	if err != nil {
		return nil, err
	}
	clock := NewClock()
	return &Emulator{
		Clock: clock, Scripts: newScripts(clock, events), Faults: newFaults(c), Trace: newTrace(clock.Now, maxExchanges, maxBody),
		contract: c, events: events,
	}, nil
}
