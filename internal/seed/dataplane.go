package seed

import (
	"cmp"
	"errors"

	"github.com/reimport/reimport/internal/database"
)

// place returns the data plane of a database, and how its Redis is reached if it is attached to one. A database that may have
// the data plane of the node, as the file does not say, is open.
func (r reader) place(d fileDatabase, name string) (plane database.DataPlane, redis database.Attachment, open bool, err error) {
	switch attached := d.Redis != (fileRedis{}); {
	case attached && d.DataPlane != "" && d.DataPlane != "attached":
		return "", redis, false, r.refuse(d.Line, name+".data_plane", "attached or nothing, as there is a redis")
	case attached:
		if redis, err = d.Redis.attachment(); err != nil {
			return "", redis, false, r.refuseIn(d.Redis.Line, name+".redis", err)
		}
		plane = database.Attached
		if d.Port != 0 && d.Port != redis.Port() {
			return "", redis, false, r.refuse(d.Line, name+".port", "that of its redis, or none")
		}
	case d.DataPlane == "attached":
		return "", redis, false, r.refuse(d.Line, name+".redis", "the Redis that the database is attached to")
	case d.DataPlane == "local":
		plane = database.Local
	case d.DataPlane != "" && d.DataPlane != "simulated":
		return "", redis, false, r.refuse(d.Line, name+".data_plane", "simulated, local or attached")
	}
	field := d.madeUp()
	if plane != database.Simulated && field != "" {
		return "", redis, false, r.refuse(d.Line, name+"."+field, "nothing that is not true of the database's Redis")
	}
	return plane, redis, d.DataPlane == "" && plane == database.Simulated && field == "" && len(d.Scripts) == 0, nil
}

// madeUp returns the field that shows what only a simulated database can be in; nothing if there is none.
func (d fileDatabase) madeUp() string {
	running := func(status string) bool {
		return database.Operation{Status: database.OperationStatus(status)}.Running()
	}
	switch {
	case d.Type != "" && d.Type != "redis":
		return "type"
	case d.Status != "" && d.Status != string(database.Active):
		return "status"
	case database.Import{Status: database.ImportStatus(d.ImportStatus)}.Running():
		return "import_status"
	case running(d.ExportStatus):
		return "export_status"
	case running(d.BackupStatus):
		return "backup_status"
	}
	return ""
}

// refuseIn refuses a field of what name names.
func (r reader) refuseIn(line int, name string, err error) error {
	if field, ok := errors.AsType[*database.FieldError](err); ok {
		return r.refuse(line, name+"."+field.Field, field.Expected)
	}
	return err
}

// writtenPlane names the data plane. That of an attached database follows from its Redis, and that of an open one from the node.
func (s *Seed) writtenPlane(db *database.Database) string {
	if db.DataPlane == database.Attached || s.Open[db.UID] {
		return ""
	}
	return cmp.Or(string(db.DataPlane), "simulated")
}
