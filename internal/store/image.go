package store

import (
	"cmp"
	"slices"

	"github.com/reimport/reimport/internal/database"
)

// image is the state of all records at one moment. It never changes, nor does what it holds.
type image struct {
	databases []*database.Database // by ascending uid
	lastUID   int                  // the highest that was ever in use
}

func (i image) search(uid int) (int, bool) {
	return slices.BinarySearchFunc(i.databases, uid, func(db *database.Database, uid int) int {
		return cmp.Compare(db.UID, uid)
	})
}

func (i image) find(uid int) (*database.Database, error) {
	at, found := i.search(uid)
	if !found {
		return nil, database.ErrNotExist
	}
	return i.databases[at], nil
}

// with returns the image after c. It copies a pointer for each record, which costs little beside a write to disk and
// spares readers a lock.
func (i image) with(c change) image {
	at, found := i.search(c.uid)
	rest := at
	if found {
		rest++
	}
	next := make([]*database.Database, 0, len(i.databases)+1)
	next = append(next, i.databases[:at]...)
	if c.record != nil {
		next = append(next, c.record)
	}
	return image{append(next, i.databases[rest:]...), max(i.lastUID, c.uid)}
}

func (i image) freeUID() int {
	if i.lastUID < database.MaxUID {
		return i.lastUID + 1
	}
	for n, db := range i.databases {
		if db.UID != n+1 {
			return n + 1
		}
	}
	return len(i.databases) + 1
}
