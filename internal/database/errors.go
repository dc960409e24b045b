package database

import "errors"

// What the rules and the store refuse with. Their texts are for the client.
var (
	ErrNotExist              = errors.New("database does not exist")
	ErrUIDExists             = errors.New("a database with this uid exists already")
	ErrBusy                  = errors.New("database is busy with another action")
	ErrInsufficientResources = errors.New("the cluster has too little memory")
	ErrPortUnavailable       = errors.New("port: expected one that no other database of the cluster has")
	ErrUnsupportedModule     = errors.New("not all modules of the database support backup_restore")
	ErrMissingModule         = errors.New("module_list: the cluster has no such module")
	ErrModuleNotExist        = errors.New("module does not exist")
	ErrMissingBackupInterval = errors.New("backup_interval: needed where backup is true")
	ErrMissingSources        = errors.New("dataset_import_sources: give the sources to import from, none are stored with the database")
)

// ErrStaleRun tells a run that the import is no longer its own. It never reaches a client.
var ErrStaleRun = errors.New("the import belongs to another run or has ended")

// FieldError refuses a value of a field.
type FieldError struct {
	Field    string // its name on the wire
	Expected string
}

func (e *FieldError) Error() string { return e.Field + ": expected " + e.Expected }
