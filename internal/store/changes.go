package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/reimport/reimport/internal/database"
)

// operation tells what a call would do to the records of an image, which it leaves as they are. It runs once on what
// is on disk and, where that asks for a change, again on what the change will be made to.
type operation func(image) proposal

// proposal is what a call answers and, where changes is set, asks for.
type proposal struct {
	err     error
	changes bool
	uid     int
	old, db *database.Database // before and after; db is the caller's own, nil where the record goes
}

// result is a call's answer and what must be on disk before it may be given.
type result struct {
	db     *database.Database // the caller's own
	err    error
	change *change // nil where nothing changes
}

// change is what becomes of one record.
type change struct {
	uid     int
	record  *database.Database // never changed any more; nil where the record goes
	encoded []byte
}

// Create stores db and returns it as stored; db itself stays as it is. Where its uid is 0, it gets the one after the
// highest that the store ever held, so that nobody who remembers a deleted database meets another one in its place;
// only when there is none left above does it get the smallest that is free. database.ErrUIDExists where the uid is
// taken, a *database.FieldError where it is out of range.
func (s *Store) Create(ctx context.Context, db *database.Database) (*database.Database, error) {
	return s.write(ctx, func(records image) proposal {
		created := *db
		if created.UID == 0 {
			created.UID = records.freeUID()
		}
		if created.UID < 0 || created.UID > database.MaxUID {
			expected := fmt.Sprintf("an integer from 1 to %d", database.MaxUID)
			return proposal{err: &database.FieldError{Field: "uid", Expected: expected}}
		}
		if _, err := records.find(created.UID); err == nil {
			return proposal{err: database.ErrUIDExists}
		}
		return proposal{changes: true, uid: created.UID, db: &created}
	})
}

// Update lets rule change the database with this uid, as one step that no other change comes between, and returns it
// as stored. Where rule returns an error, that is the error of Update, and where rule panics, so does Update; neither
// leaves a trace. A rule that changes nothing costs no write. database.ErrNotExist where there is no such database.
//
// The rule runs on the caller's goroutine and on a copy of the record. It may run more than once, so all that it does
// must be to that copy; others wait for it, and it must not call the store. A context that ends while the change waits
// for its turn withdraws it; after that, Update returns what came of it.
func (s *Store) Update(ctx context.Context, uid int, rule func(*database.Database) error) (*database.Database, error) {
	return s.write(ctx, updating(uid, rule))
}

func updating(uid int, rule func(*database.Database) error) operation {
	return func(records image) proposal {
		old, err := records.find(uid)
		if err != nil {
			return proposal{err: err}
		}
		next := old.Clone()
		if err := rule(next); err != nil {
			return proposal{err: err}
		}
		if next.UID != uid {
			return proposal{err: errors.New("store: a rule changed the uid of a database")}
		}
		return proposal{changes: !old.Equal(next), uid: uid, old: old, db: next}
	}
}

// Delete removes the database with this uid if rule, to which all that Update says applies, returns nil.
func (s *Store) Delete(ctx context.Context, uid int, rule func(*database.Database) error) error {
	_, err := s.write(ctx, func(records image) proposal {
		old, err := records.find(uid)
		if err != nil {
			return proposal{err: err}
		}
		if err := rule(old.Clone()); err != nil {
			return proposal{err: err}
		}
		return proposal{changes: true, uid: uid, old: old}
	})
	return err
}

// result settles what the proposal comes to. What is kept is what a reading of the file would find, not what the caller
// gave: it is what the next process will see, and it shares nothing with the caller's.
func (p proposal) result() result {
	if !p.changes {
		return result{db: p.db, err: p.err}
	}
	if p.db == nil {
		return result{change: &change{uid: p.uid}}
	}
	encoded, err := encode(p.db)
	if err != nil {
		return result{err: err}
	}
	record, err := decode(encoded)
	if err != nil {
		return result{err: err}
	}
	// What looks different may still read the same: an empty slice and nil, or spaces in a setting.
	if p.old != nil && p.old.Equal(record) {
		return result{db: record.Clone()}
	}
	return result{db: record.Clone(), change: &change{uid: p.uid, record: record, encoded: encoded}}
}
