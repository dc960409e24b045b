package database

import "slices"

// Status says where a database is in its life.
type Status string

// The statuses of a database.
const (
	Pending             Status = "pending"
	Active              Status = "active"
	ActiveChangePending Status = "active-change-pending"
	DeletePending       Status = "delete-pending"
	ImportPending       Status = "import-pending"
	CreationFailed      Status = "creation-failed"
	Recovery            Status = "recovery"
)

var statuses = []Status{Pending, Active, ActiveChangePending, DeletePending, ImportPending, CreationFailed, Recovery}

// next is Redis Software's table of a database's statuses (its objects/bdb/status page). What is not here has no
// way out. That page leaves open how a database gets into recovery, and how one is deleted that cannot be active.
var next = map[Status][]Status{
	Pending:             {Active, CreationFailed},
	Active:              {ActiveChangePending, ImportPending, DeletePending, Recovery},
	ActiveChangePending: {Active, Recovery},
	ImportPending:       {Active, Recovery},
	Recovery:            {Active, DeletePending},
	CreationFailed:      {DeletePending},
}

func (db *Database) moveTo(s Status) error {
	if !slices.Contains(next[db.Status], s) {
		return ErrBusy
	}
	db.Status = s
	return nil
}

// busy reports whether an action that needs the database to itself must wait.
func (db *Database) busy() bool {
	return db.Status != Active || db.Import.Running() || db.Export.Running() || db.Backup.Running()
}
