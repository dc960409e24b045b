package node

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
)

// Reset makes the cluster what the node's first start made it: all databases, users and modules are those of the seed and of
// the users file as they were then, whatever the store held at the start, imports to come have the seed's scripts, and nobody is
// locked out. Without a seed there are no databases, and there are no faults. The clock and the trace stay as they are.
//
// The requests under way are answered first, which ctx bounds; those that come meanwhile wait. Imports under way end and leave
// no trace in the records. An error changes nothing, unless the lock-outs cannot be read.
func (n *Node) Reset(ctx context.Context) error { return n.replace(ctx, &n.cfg.Seed, n.cfg.Attach) }

// Load is Reset with another seed, which stays the caller's. A Redis in it without a password has that of the same one in what
// the node holds or was given, as dumps lack them. Users of the users file come from there still, and all users if
// the seed has none. The error is a *ConfigError if the seed is to blame. The next Reset goes back to the node's own seed.
func (n *Node) Load(ctx context.Context, given *seed.Seed) error {
	c := *given
	if c.Modules == nil {
		c.Modules = database.Bundled()
	}
	users := n.file
	if len(c.Users) == 0 {
		users = n.cfg.Seed
	}
	c.Users = slices.Clone(c.Users)
	c.ReplaceUsers(users.Users)
	c.Demo = c.Demo || users.Demo
	if c.Demo && !Loopback(n.cfg.Listen) {
		return n.refuseDemo("the seed")
	}
	var err error
	if c.Databases, err = n.withPasswords(ctx, c.Databases); err != nil {
		return err
	}
	return n.replace(ctx, &c, nil)
}

func (n *Node) replace(ctx context.Context, c *seed.Seed, attached []seed.Attachment) error {
	if n.emulator == nil {
		return errors.New("the node does not emulate a cluster")
	}
	if err := n.gate.shut(ctx); err != nil {
		return err
	}
	defer n.gate.open()
	n.changing.Lock()
	defer n.changing.Unlock()
	if n.closed {
		return store.ErrClosed
	}
	if err := errors.Join(checkSources(n.importer, c), checkScripts(c)); err != nil {
		return err
	}
	now := n.cfg.Now()
	err := n.store.Update(ctx, func(tx *store.Tx) error {
		if err := errors.Join(store.Clear(tx), Fill(tx, c, now, n.chosen.plane)); err != nil {
			return err
		}
		return attach(tx, attached, c.Modules, now)
	})
	if err != nil {
		return err
	}
	n.importer.Restart() // its imports have lost their records
	n.emulator.Faults.ClearAll()
	n.emulator.Scripts.Replace(c.Scripts)
	if err := errors.Join(os.RemoveAll(string(LockoutsIn(n.dir))), n.startServer(c)); err != nil {
		return err
	}
	n.cfg.Events(ctx, event.ClusterReplaced{Databases: len(c.Databases)})
	return nil
}

// answer has the present server answer, and makes a reset wait for it.
func (n *Node) answer(w http.ResponseWriter, r *http.Request) {
	if n.gate.enter(r.Context()) != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	defer n.gate.leave()
	n.face.Load().server.ServeHTTP(w, r)
}
