// Package cluster is what a cluster is set up with: its users and their roles, its modules, and the databases it
// starts out with. It is read from YAML files.
package cluster

import (
	"fmt"
	"os"
	"slices"

	"github.com/reimport/reimport/internal/database"
)

// Cluster is the content of a set-up file.
type Cluster struct {
	// Demo marks a file whose passwords are public: its server must not be reachable from elsewhere.
	Demo      bool
	Users     []User
	Modules   database.Catalog
	Databases []*database.Database
}

// User is somebody who may log in.
type User struct {
	Email        string
	PasswordHash string // bcrypt
	Role         Role
}

// AddUsers adds the users that the file at path has. An email that is taken is an error: one of the two would not be
// able to log in.
func (c *Cluster) AddUsers(path string, users []User) error {
	for _, u := range users {
		if slices.ContainsFunc(c.Users, func(o User) bool { return o.Email == u.Email }) {
			return fmt.Errorf("%s: users: %s is in the seed too", path, u.Email)
		}
		c.Users = append(c.Users, u)
	}
	return nil
}

// Error is what is wrong in a set-up file, and where.
type Error struct {
	File  string
	Line  int
	Field string
	// Expected says what should stand there.
	Expected string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d: %s: expected %s", e.File, e.Line, e.Field, e.Expected)
}

// Read returns the set-up in the file at path. Its modules come before the bundled ones, which are always there. The
// error is an *Error where the file can be read but not understood.
func Read(path string) (*Cluster, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, data)
}

// Bundled returns the modules that every cluster has: those of Redis Software 8.2, all capable of backup_restore.
func Bundled() database.Catalog {
	catalog := database.Catalog{
		{UID: "b14385b09778a335835ee3ae380bbc77", Name: "bf", DisplayName: "RedisBloom", CapabilityName: "Probabilistic", SemanticVersion: "8.0.1"},
		{UID: "4e6efe7fa848e35cbae142dd1e4564a2", Name: "search", DisplayName: "RediSearch 2", CapabilityName: "Search and query", SemanticVersion: "7.99.91",
			CommandLineArgs: "PARTITIONS AUTO", ConfigCommand: "_FT.CONFIG SET"},
		{UID: "259bc961ae0ed766d6294bcdb7af9039", Name: "ReJSON", DisplayName: "RedisJSON", CapabilityName: "JSON", SemanticVersion: "7.99.3"},
		{UID: "891142de155df09c6739543b422178f4", Name: "timeseries", DisplayName: "RedisTimeSeries", CapabilityName: "Time Series", SemanticVersion: "8.0.2"},
	}
	for i := range catalog {
		catalog[i].Bundled = true
		catalog[i].Capabilities = slices.Clone(commonCapabilities)
	}
	return catalog
}

// commonCapabilities are what all bundled modules of a recorded cluster have.
var commonCapabilities = []string{
	database.BackupRestore, "clustering", "eviction_expiry", "failover_migrate", "flash", "hash_policy", "intershard_tls",
	"intershard_tls_pass", "ipv6", "persistence_aof", "persistence_rdb", "replica_of", "reshard_rebalance", "types",
}
