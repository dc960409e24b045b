// Package seed reads and writes what a cluster is set up with in YAML files: its users, its modules, and the databases that
// it starts out with.
package seed

import (
	"fmt"
	"os"
	"slices"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
)

// Seed is the content of a set-up file.
type Seed struct {
	// Demo marks a file whose passwords are public: its server must not be reachable from elsewhere.
	Demo      bool
	Users     []access.User
	Modules   database.Catalog
	Databases []*database.Database
	// Scripts are those of the imports to come, in their order, by the uid of a database in Databases.
	Scripts map[int][]Script
	// HighestUID is the highest uid that a database ever had, or 0 if it is that of one in Databases.
	HighestUID int
	// Open has the uids of databases whose data plane is the node's, as the file does not say.
	Open map[int]bool
	// MemoryLimit is the memory of the cluster in bytes, 0 if the file does not say.
	MemoryLimit int64
}

// ReplaceUsers adds users. They win over users of the seed with the same email.
func (s *Seed) ReplaceUsers(users []access.User) {
	s.Users = slices.DeleteFunc(s.Users, func(old access.User) bool {
		return slices.ContainsFunc(users, func(u access.User) bool { return u.Email == old.Email })
	})
	s.Users = append(s.Users, users...)
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
// error is an *Error if the file is YAML but not a set-up file.
func Read(path string) (*Seed, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the file that the operator names
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}
