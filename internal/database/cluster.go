package database

import (
	"iter"
	"math"
)

// Fits returns why db has no place beside the other databases of its cluster, which is ErrInsufficientResources or
// ErrPortUnavailable. all are the databases that there are, memory is the cluster's in bytes, 0 if it is unlimited, and before is
// what db was, nil for a new one: what it had it may keep. Neither a database without a limit nor an attached one takes any
// of the memory, and the port of an attached one is another host's.
func (db *Database) Fits(before *Database, all iter.Seq[Database], memory int64) error {
	if before == nil {
		before = new(Database)
	}
	grows := memory > 0 && db.MemorySize > before.MemorySize
	moves := db.Port != 0 && db.Port != before.Port
	if db.DataPlane == Attached || !grows && !moves {
		return nil
	}
	taken := db.MemorySize
	for o := range all {
		if o.DataPlane == Attached || before.UID == o.UID {
			continue
		}
		if moves && o.Port == db.Port {
			return ErrPortUnavailable
		}
		taken += min(o.MemorySize, math.MaxInt64-taken)
	}
	if grows && taken > memory {
		return ErrInsufficientResources
	}
	return nil
}
