package node

import (
	"context"
	"os"
	"path/filepath"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/run"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/server"
)

// face is what works on the records: an importer and, before it, a server. A reset puts another one in its place.
type face struct {
	importer *importer.Importer
	server   *server.Server
	demo     bool // the passwords of the users are public
}

// memoryOwner is the identity of every node without a DataDir: the runs on a Disk are of the one node that has it.
const memoryOwner = "memory"

// startImporter begins the face of the node with an importer, which judges the sources of a seed.
func (n *Node) startImporter(context.Context) (err error) {
	cfg := &n.cfg.Importer
	cfg.Now, cfg.Events = n.cfg.Now, n.cfg.Events
	if n.cfg.DataDir == "" {
		cfg.Owner, cfg.SpoolDir, cfg.SharedSpool = memoryOwner, os.TempDir(), true
	} else if cfg.Owner, err = run.Identity(n.dir); err != nil {
		return err
	} else {
		cfg.SpoolDir = filepath.Join(n.dir, "spool")
	}
	im, err := importer.New(n.store, *cfg)
	if err != nil {
		return &ConfigError{"", err}
	}
	n.face.Store(&face{importer: im})
	n.onClose(n.endImporter)
	return nil
}

func (n *Node) endImporter() error {
	n.changing.Lock()
	defer n.changing.Unlock()
	n.closed = true
	return n.face.Load().importer.Close()
}

// startServer completes the face with a server of the cluster that c is the set-up of.
func (n *Node) startServer(ctx context.Context, im *importer.Importer, c *seed.Seed) error {
	if err := im.Recover(ctx); err != nil {
		return err
	}
	cfg := server.Config{
		Store: n.store, Importer: im, Users: c.Users, Passwords: n.cfg.Passwords, Modules: c.Modules,
		Lockout: n.cfg.Lockout, Lockouts: LockoutsIn(n.dir), Verifications: n.cfg.Verifications, ShowCredentials: n.cfg.ShowCredentials,
		Now: n.cfg.Now, Events: n.cfg.Events, TrustedOrigins: n.cfg.TrustedOrigins,
	}
	if n.emulator != nil {
		cfg.Refuse = control.Refusal
	}
	s, err := server.New(cfg)
	if err != nil {
		return err
	}
	n.face.Store(&face{im, s, c.Demo})
	if n.draining.Load() { // which the server before it has been told
		s.Drain()
	}
	return nil
}
