package node

import (
	"cmp"
	"context"
	"os"
	"path/filepath"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/run"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/server"
)

// face is what answers requests. A reset puts another one in its place.
type face struct {
	server *server.Server
	demo   bool  // the passwords of the users are public
	memory int64 // that of the seed
}

// memoryOwner is the identity of every node without a DataDir: the runs on a Disk are of the one node that has it.
const memoryOwner = "memory"

// startImporter makes the importer, which also judges the sources of a seed.
func (n *Node) startImporter(context.Context) (err error) {
	cfg := &n.cfg.Importer
	cfg.Now, cfg.Events, cfg.Sink, cfg.Erase = n.cfg.Now, n.cfg.Events, n.openSink(), n.erase
	if n.cfg.DataDir == "" {
		cfg.Owner, cfg.SpoolDir, cfg.SharedSpool = memoryOwner, os.TempDir(), true
	} else if cfg.Owner, err = run.Identity(n.dir); err != nil {
		return err
	} else {
		cfg.SpoolDir = filepath.Join(n.dir, "spool")
	}
	if n.importer, err = importer.New(n.store, *cfg); err != nil {
		return &ConfigError{"", err}
	}
	n.onClose(n.endImporter)
	return nil
}

func (n *Node) endImporter() error {
	n.changing.Lock()
	defer n.changing.Unlock()
	n.closed = true
	return n.importer.Close()
}

// startServer has a new server answer, of the cluster that c is the set-up of.
func (n *Node) startServer(c *seed.Seed) error {
	cfg := server.Config{
		Store: n.store, DataPlane: n.chosen.plane, Importer: n.importer, Users: c.Users, Passwords: n.cfg.Passwords, Modules: c.Modules,
		Lockout: n.cfg.Lockout, Lockouts: LockoutsIn(n.dir), Verifications: n.cfg.Verifications, ShowCredentials: n.cfg.ShowCredentials,
		Memory: cmp.Or(c.MemoryLimit, n.cfg.MemoryLimit),
		Now:    n.cfg.Now, Events: n.cfg.Events, TrustedOrigins: n.cfg.TrustedOrigins,
	}
	if n.emulator != nil {
		cfg.Refuse = control.Refusal
	}
	s, err := server.New(cfg)
	if err != nil {
		return err
	}
	n.face.Store(&face{s, c.Demo, c.MemoryLimit})
	if n.draining.Load() { // which the server before it has been told
		s.Drain()
	}
	return nil
}
