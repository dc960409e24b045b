package node

import (
	"context"

	"github.com/reimport/reimport/internal/control"
)

// emulate puts the domain clock and the imports under control, if the node emulates.
func (n *Node) emulate(context.Context) (err error) {
	if !n.cfg.Emulate && n.cfg.Controls == "" {
		return nil
	}
	n.emulator, err = control.New(n.cfg.Events)
	if err == nil {
		n.cfg.Now, n.cfg.Importer.Script = n.emulator.Clock.Now, n.emulator.Scripts.Next
	}
	return err
}

// Emulator controls what the node emulates; it is nil unless the node does. It lasts as long as the node, resets included.
func (n *Node) Emulator() *control.Emulator { return n.emulator }

// ControlsURL is where the node listens for its controls, empty if it does not.
func (n *Node) ControlsURL() string { return "" }
