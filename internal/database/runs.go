package database

import "time"

// Run is a run of an operation, by the node that owns it. The zero Run stands for none.
type Run struct {
	ID    string // no two runs ever have the same
	Owner string // the identity of the node
	// Lease is until when other nodes take the owner for alive, unless it renews the lease. Nodes compare it with their wall
	// clocks: a monotonic clock means nothing to another machine, and the domain clock may stand still or jump.
	Lease time.Time
}

// EndedRun is a run that was ended for its owner.
type EndedRun struct {
	Operation string // as in the log: import
	ID        string
	Reason    string
}

// HasRun reports whether the run owns an operation that is under way.
func (db *Database) HasRun(id string) bool { return db.owns(id) }

// RenewRun makes the lease of a run end later. It returns ErrStaleRun if the run owns nothing that is under way.
func (db *Database) RenewRun(id string, lease time.Time) error {
	if !db.owns(id) {
		return ErrStaleRun
	}
	db.Import.Run.Lease = lease
	return nil
}

// EndAbandoned ends as failed what belongs to runs whose owner is gone, and returns these runs. An operation without a run
// stays as it is: such a record was made to show one.
func (db *Database) EndAbandoned(gone func(Run) bool) ([]EndedRun, error) {
	run := db.Import.Run
	if run.ID == "" || !gone(run) {
		return nil, nil
	}
	if err := db.FailImport(run.ID, GeneralError); err != nil {
		return nil, err
	}
	return []EndedRun{{"import", run.ID, string(GeneralError)}}, nil
}
