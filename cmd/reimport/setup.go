package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/server"
)

// setup reads what the cluster is made of. On the first start without users it makes one and says so once.
func (cfg *serveConfig) setup(out io.Writer) (*seed.Seed, error) {
	c := &seed.Seed{Modules: database.Bundled()}
	if cfg.seed != "" {
		var err error
		if c, err = cfg.read(cfg.seed); err != nil {
			return nil, err
		}
	}
	if len(c.Users) == 0 || cfg.users != "" {
		if err := cfg.addUsers(c, out); err != nil {
			return nil, err
		}
	}
	if len(c.Users) == 0 {
		return nil, usageError(fmt.Errorf("--users: %s has no users: nobody could log in", cfg.usersFile()))
	}
	return c, nil
}

// read refuses a file with public passwords where others could reach the server.
func (cfg *serveConfig) read(path string) (*seed.Seed, error) {
	c, err := seed.Read(path)
	if err != nil {
		return nil, err
	}
	if c.Demo && !cfg.loopback() {
		return nil, usageError(fmt.Errorf("--listen: %s is a demo with public passwords, expected a loopback address", path))
	}
	return c, nil
}

func (cfg *serveConfig) usersFile() string {
	if cfg.users != "" {
		return cfg.users
	}
	return filepath.Join(cfg.dataDir, "users.yaml")
}

func (cfg *serveConfig) addUsers(c *seed.Seed, out io.Writer) error {
	path := cfg.usersFile()
	file, err := cfg.read(path)
	if err == nil {
		c.ReplaceUsers(file.Users)
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	admin, password, err := seed.CreateAdmin(path, "admin@redis.local")
	if err != nil {
		return fmt.Errorf("--users: %w", err)
	}
	fmt.Fprintf(out, "user      %s\npassword  %s\n          Shown this once. %s has the hash; `reimport hash-password` makes another.\n", admin.Email, password, path)
	c.ReplaceUsers([]access.User{admin})
	return nil
}

// fill writes what the cluster is made of in one transaction, so that a start that is cut short leaves all of it or
// nothing. The files have the last word on users and modules. The seed's databases are for a store without any: one that
// has databases keeps them.
func (cfg *serveConfig) fill(ctx context.Context, st store.Store, im *importer.Importer, c *seed.Seed, events event.Sink) error {
	now, present := time.Now(), 0
	err := st.Update(ctx, func(tx *store.Tx) error {
		present = store.Databases.Len(tx)
		err := errors.Join(store.Users.Replace(tx, c.Users), store.Modules.Replace(tx, c.Modules))
		if err != nil || present > 0 {
			return err
		}
		for _, db := range c.Databases {
			if err := im.CheckSources(db.Import.Sources); err != nil {
				return usageError(fmt.Errorf("%s: database %d: %w", cfg.seed, db.UID, err))
			}
			db.CreatedTime, db.LastChangedTime = now, now
			if _, err := store.Insert(tx, db); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && present > 0 && len(c.Databases) > 0 {
		events(ctx, event.SeedLeftOut{Present: present})
	}
	return err
}

// certificate returns the TLS configuration, nil for none, and the CA to trust where the certificate is our own.
func (cfg *serveConfig) certificate() (config *tls.Config, ca string, err error) {
	if !cfg.tls {
		return nil, "", nil
	}
	var cert tls.Certificate
	if cfg.tlsCert != "" {
		cert, err = tls.LoadX509KeyPair(cfg.tlsCert, cfg.tlsKey)
	} else {
		host, _ := os.Hostname()
		cert, ca, err = server.Certificate(filepath.Join(cfg.dataDir, "tls"), host, time.Now())
	}
	if err != nil {
		return nil, "", usageError(fmt.Errorf("certificate: %w", err))
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, ca, nil
}
