// Package control is the state of the emulator's controls, and what it does to imports and requests: the domain clock, and
// the scripts of simulated databases.
package control

import "github.com/reimport/reimport/internal/event"

// Emulator is what the controls of one node control. It outlives a reset of the node.
type Emulator struct {
	Clock   *Clock
	Scripts *Scripts
}

// New returns an Emulator that changes nothing yet. events takes what its scripts do.
func New(events event.Sink) *Emulator {
	clock := NewClock()
	return &Emulator{Clock: clock, Scripts: newScripts(clock, events)}
}
