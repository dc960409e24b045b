package database

import "slices"

// A simulated database that names no port has one of these.
const (
	firstSimulatedPort = 10000
	simulatedPorts     = 10000
)

// Address returns where clients connect, and whether there is such a place: a database with a Redis behind it has none before
// that has answered once. Nothing listens at that of a simulated one.
func (db *Database) Address() (Endpoint, bool) {
	if db.DataPlane != Simulated {
		return db.Endpoint, db.Endpoint != Endpoint{}
	}
	port := db.Port
	if port == 0 {
		port = firstSimulatedPort + (db.UID-1)%simulatedPorts
	}
	return Endpoint{Host: "127.0.0.1", Port: port}, true
}

// available are the statuses in which Redis Software calls a database available (its page on availability). It does so for a
// pending one too, which is true of one that has an address.
var available = []Status{Pending, Active, ActiveChangePending, ImportPending}

// Available reports whether clients can use the database.
func (db *Database) Available() bool {
	_, there := db.Address()
	return there && slices.Contains(available, db.Status)
}

// ActiveActive reports whether the database is a member of an Active-Active one. Only such a member has a lag, and a cluster
// calls any other unavailable if it is asked about that.
func (db *Database) ActiveActive() bool { return string(db.Settings["crdt"]) == "true" }
