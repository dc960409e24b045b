package reimporttest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store/memory"
)

// An Option changes what Run starts.
type Option func(*config) error

type config struct {
	plain, onDisk bool
	dataPlane     string     // of node.Config
	seed          *seed.Seed // nil for the default databases
	users         []access.User
	passwords     map[string]string // of the users, by hash
}

// Plain makes the server speak plain HTTP.
func Plain() Option {
	return func(c *config) error {
		c.plain = true
		return nil
	}
}

// OnDisk keeps what the server has in a file below the test's temporary directory, as `reimport serve` does, not in memory.
func OnDisk() Option {
	return func(c *config) error {
		c.onDisk = true
		return nil
	}
}

// LocalRedis gives each database a Redis of its own, as `reimport serve --data-plane local` does, and ends it with the test:
// imports without a script load their keys into it, and its address is client.Database.Endpoint. A database that is made up
// to have an import, an export or a backup under way, or another status than active, has none. It takes a redis-server or
// valkey-server on PATH, and fails the test if there is none.
//
// A Kill and a Restart lose the keys, unless the server is OnDisk: then the Redises live on, as they do beside a process that is
// killed.
func LocalRedis() Option {
	return func(c *config) error {
		c.dataPlane = node.DataPlaneLocal
		return nil
	}
}

// SeedFile starts the server with the users, modules and databases of a YAML file as `reimport serve --seed` takes it, in the
// place of the default databases. docs/configuration.md describes such files. To log in as one of its users takes 60 ms, which
// User spares.
func SeedFile(path string) Option {
	return func(c *config) error {
		data, err := os.ReadFile(path) //nolint:gosec // the file that the test names
		if err != nil {
			return err
		}
		return c.parse(path, data)
	}
}

// SeedFS is SeedFile with a file of a file system, such as an embed.FS.
func SeedFS(fsys fs.FS, path string) Option {
	return func(c *config) error {
		data, err := fs.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		return c.parse(path, data)
	}
}

// Seed is SeedFile with the content of such a file.
func Seed(yaml string) Option {
	return func(c *config) error { return c.parse("seed", []byte(yaml)) }
}

func (c *config) parse(name string, data []byte) (err error) {
	if c.seed != nil {
		return fmt.Errorf("%s: expected one seed", name)
	}
	c.seed, err = seed.Parse(name, data)
	return err
}

// Databases starts the server with these databases, in the place of the default ones.
func Databases(databases ...Database) Option {
	return func(c *config) error { return c.parse("Databases", seedOf(databases)) }
}

// User adds a user, who wins over one of a seed with the same email.
func User(email, password string, role Role) Option {
	return func(c *config) error {
		if !slices.Contains(access.Roles(), access.Role(role)) {
			return fmt.Errorf("role of %s: expected one of %q", email, access.Roles())
		}
		if err := access.CheckEmail(email); err != nil {
			return err
		}
		made, err := hash(password)
		if err != nil {
			return err
		}
		c.users = append(c.users, access.User{Email: email, PasswordHash: made, Role: access.Role(role)})
		c.passwords[made] = password
		return nil
	}
}

func configure(shared *shared, options []Option) (*config, error) {
	c := &config{users: shared.users(), passwords: map[string]string{shared.hash: shared.password}}
	for _, option := range options {
		if err := option(c); err != nil {
			return nil, err
		}
	}
	if c.seed == nil {
		copied := shared.seed
		c.seed = &copied
	}
	c.seed.ReplaceUsers(c.users)
	return c, nil
}

// node returns what all servers have in common.
func (c *config) node() node.Config {
	root := filepath.VolumeName(os.TempDir()) + string(filepath.Separator)
	return node.Config{
		Disk: new(memory.Disk), Seed: *c.seed, Passwords: c.passwords, Emulate: true, DataPlane: c.dataPlane,
		Importer: importer.Config{MountPoints: []string{root}, AllowPrivate: true},
	}
}
