package database

import (
	"net"
	"strconv"
)

// DataPlane says where the keys of a database are.
type DataPlane string

// The data planes of a database.
const (
	Simulated DataPlane = ""         // nowhere
	Local     DataPlane = "local"    // in a Redis that this node runs
	Attached  DataPlane = "attached" // in a Redis that somebody else runs
)

// Attachment is how an attached database's Redis is reached.
type Attachment struct {
	Network  string // tcp or unix
	Addr     string // host:port, or the absolute path of a socket
	TLS      bool
	Username string `json:",omitempty"`
	Password string `json:",omitempty"`

	// Absolute paths of PEM files, empty for none: the CA to trust in the place of the system's, and what the node proves its
	// own identity with.
	CAFile   string `json:",omitempty"`
	CertFile string `json:",omitempty"`
	KeyFile  string `json:",omitempty"`
}

// Port returns the TCP port, 0 for a socket.
func (a Attachment) Port() int {
	if a.Network == "unix" {
		return 0
	}
	_, text, _ := net.SplitHostPort(a.Addr)
	port, _ := strconv.Atoi(text)
	return port
}

// SamePlace reports whether both lead to one Redis, as far as their addresses show it. An import of one would erase the keys
// of the other.
func (a Attachment) SamePlace(b Attachment) bool {
	return a.Addr != "" && a.Network == b.Network && a.Addr == b.Addr
}

// Endpoint is where clients connect to a database.
type Endpoint struct {
	Host string
	Port int
}

func (db *Database) checkDataPlane() error {
	switch {
	case db.DataPlane != Simulated && db.DataPlane != Local && db.DataPlane != Attached:
		return &FieldError{"data_plane", "simulated, local or attached"}
	case (db.DataPlane == Attached) != (db.Redis != Attachment{}):
		return &FieldError{"redis", "a Redis exactly if the database is attached"}
	case db.DataPlane != Simulated && db.Type != "redis":
		return &FieldError{"type", "redis, unless the database is simulated"}
	case db.Incomplete && (db.DataPlane == Simulated || db.Status != ImportPending && db.Status != Recovery && db.Status != DeletePending):
		return &FieldError{"status", "import-pending, recovery or delete-pending, as the database holds a part of an import"}
	}
	return nil
}

// The rules below are for the data plane, which alone knows what has become of a Redis.

// Ready notes that the database's Redis answers at e, has the settings of the record and, unless an import runs, holds
// nothing incomplete. The database is then active. ErrBusy if it cannot be: its creation has failed, or it is being deleted.
func (db *Database) Ready(e Endpoint) error {
	if db.Status != Active && db.Status != ImportPending {
		if err := db.moveTo(Active); err != nil {
			return err
		}
		db.Incomplete = false
	}
	db.Endpoint = e
	return nil
}

// CreationFails notes that the pending database cannot be had. ErrBusy if it is not pending.
func (db *Database) CreationFails() error { return db.moveTo(CreationFailed) }

// Lost notes that the database's Redis does not answer. ErrBusy if that changes nothing: while an import runs, which finds out
// itself, or if the database is not active anyway.
func (db *Database) Lost() error {
	if db.Status == ImportPending {
		return ErrBusy
	}
	return db.moveTo(Recovery)
}
