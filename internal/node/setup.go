package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
)

// adminEmail is the administrator of a node that nobody has given users.
const adminEmail = "admin@redis.local"

// setUp makes the records what the cluster is made of, and starts its server.
func (n *Node) setUp(ctx context.Context) error {
	if err := n.findUsers(); err != nil {
		return err
	}
	if err := n.fill(ctx); err != nil {
		return err
	}
	if err := n.importer.Recover(ctx); err != nil {
		return err
	}
	if err := n.startPlane(ctx); err != nil {
		return err
	}
	if err := n.startServer(&n.cfg.Seed); err != nil {
		return err
	}
	if n.handler = n.face.Load().server; n.emulator != nil {
		n.handler = n.emulator.Wrap(http.HandlerFunc(n.answer))
	}
	return nil
}

// findUsers adds the users of the file. On the first start without users it makes one.
func (n *Node) findUsers() error {
	c := &n.cfg.Seed
	if len(c.Users) > 0 && n.cfg.UsersFile == "" {
		return nil
	}
	path := n.cfg.UsersFile
	if path == "" {
		path = filepath.Join(n.dir, "users.yaml")
	}
	err := n.readUsers(path)
	if errors.Is(err, fs.ErrNotExist) {
		n.file.Users, err = n.makeAdmin(path)
	}
	if err != nil {
		return err
	}
	c.Users = slices.Clone(c.Users) // which are the caller's
	c.ReplaceUsers(n.file.Users)
	c.Demo = c.Demo || n.file.Demo
	if len(c.Users) == 0 {
		return &ConfigError{"users", fmt.Errorf("%s has no users: nobody could log in", path)}
	}
	return nil
}

func (n *Node) readUsers(path string) error {
	file, err := seed.Read(path)
	if err != nil {
		return &ConfigError{"", err}
	}
	if file.Demo && !Loopback(n.cfg.Listen) {
		return n.refuseDemo(path)
	}
	n.file = seed.Seed{Users: file.Users, Demo: file.Demo}
	return nil
}

func (n *Node) refuseDemo(what string) error {
	return &ConfigError{"listen", fmt.Errorf("%s is a demo with public passwords, expected a loopback address", what)}
}

func (n *Node) makeAdmin(path string) ([]access.User, error) {
	if n.cfg.ShowPassword == nil {
		return nil, &ConfigError{"users", errors.New("expected some")}
	}
	if err := os.MkdirAll(n.dir, 0o700); err != nil { // a temporary one that nobody has needed so far
		return nil, err
	}
	admin, err := seed.CreateAdmin(path, adminEmail, func(password string) error {
		return n.cfg.ShowPassword(adminEmail, password, path)
	})
	if err != nil {
		return nil, &ConfigError{"users", err}
	}
	return []access.User{admin}, nil
}

// fill writes what the cluster is made of in one transaction, so that a start that is cut short leaves all of it or
// nothing. The Config has the last word on users and modules. The seed's databases are for a store without any: one that
// has databases keeps them.
func (n *Node) fill(ctx context.Context) error {
	given, now, present := n.cfg.Seed, n.cfg.Now(), 0
	err := n.store.Update(ctx, func(tx *store.Tx) error {
		c := given
		if present = store.Databases.Len(tx); present > 0 {
			c.Databases, c.HighestUID = nil, 0
		}
		if err := checkSources(n.importer, &c); err != nil {
			return err
		}
		if err := Fill(tx, &c, now, n.chosen.plane); err != nil {
			return err
		}
		return attach(tx, n.cfg.Attach, c.Modules, now)
	})
	if err == nil && present > 0 && len(given.Databases) > 0 {
		n.cfg.Events(ctx, event.SeedLeftOut{Present: present})
	}
	return err
}

// checkSources returns what sources in a seed may not be imported from.
func checkSources(im *importer.Importer, c *seed.Seed) error {
	for _, db := range c.Databases {
		if err := im.CheckSources(db.Import.Sources); err != nil {
			return &ConfigError{"seed", fmt.Errorf("database %d: %w", db.UID, err)}
		}
	}
	return nil
}

// Fill writes a seed: its users and modules in the place of all that there are, its databases beside them. plane is that of
// databases of which the seed does not say.
func Fill(tx *store.Tx, c *seed.Seed, now time.Time, plane database.DataPlane) error {
	if err := errors.Join(store.Users.Replace(tx, c.Users), store.Modules.Replace(tx, c.Modules)); err != nil {
		return err
	}
	for _, given := range c.Databases {
		db := *given
		if c.Open[db.UID] && plane != database.Simulated {
			db.DataPlane, db.Status = plane, database.Pending
		}
		for _, t := range []*time.Time{&db.CreatedTime, &db.LastChangedTime} {
			if t.IsZero() {
				*t = now
			}
		}
		if _, err := store.Insert(tx, &db); err != nil {
			return err
		}
	}
	return store.ReserveUIDs(tx, c.HighestUID)
}

// loadCertificate prepares for TLS, unless the node speaks plain HTTP.
func (n *Node) loadCertificate(context.Context) error {
	if !n.cfg.TLS {
		return nil
	}
	var cert tls.Certificate
	var err error
	switch {
	case n.cfg.Certificate != nil:
		cert = *n.cfg.Certificate
	case n.cfg.CertFile != "":
		cert, err = tls.LoadX509KeyPair(n.cfg.CertFile, n.cfg.KeyFile)
	default:
		host, _ := os.Hostname()
		cert, n.ca, err = OwnCertificate(filepath.Join(n.dir, "tls"), host, n.cfg.CertNames, time.Now())
	}
	if err != nil {
		return &ConfigError{"", fmt.Errorf("certificate: %w", err)}
	}
	n.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return nil
}
