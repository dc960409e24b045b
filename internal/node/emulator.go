package node

import (
	"context"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/seed"
)

// emulate puts the domain clock and the imports under control, if the node emulates.
func (n *Node) emulate(context.Context) (err error) {
	if !n.cfg.Emulate && n.cfg.Controls == "" && len(n.cfg.Seed.Scripts) == 0 {
		return nil
	}
	if n.emulator = n.cfg.Emulator; n.emulator == nil {
		if n.emulator, err = control.New(n.cfg.Events); err != nil {
			return err
		}
		n.emulator.Scripts.Replace(n.cfg.Seed.Scripts)
	}
	n.cfg.Now, n.cfg.Importer.Script = n.emulator.Clock.Now, n.emulator.Scripts.Next
	return checkScripts(&n.cfg.Seed)
}

func checkScripts(c *seed.Seed) error {
	if err := control.CheckScripts(c.Scripts); err != nil {
		return &ConfigError{"seed", err}
	}
	return nil
}

// Emulator controls what the node emulates; it is nil unless the node does. It lasts as long as the node, resets included, and
// may be the next node's.
func (n *Node) Emulator() *control.Emulator { return n.emulator }
