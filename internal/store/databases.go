package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/reimport/reimport/internal/database"
)

// Get returns a copy of one record.
func Get[K comparable, T any](ctx context.Context, s Store, k *Kind[K, T], key K) (*T, error) {
	tx, err := s.View(ctx)
	if err != nil {
		return nil, err
	}
	return k.Get(tx, key)
}

// List returns copies of all records of a kind as they were at one moment, by ascending key. The slice is empty, not nil,
// if there are none.
func List[K comparable, T any](ctx context.Context, s Store, k *Kind[K, T]) ([]*T, error) {
	tx, err := s.View(ctx)
	if err != nil {
		return nil, err
	}
	return k.List(tx), nil
}

// Update lets rule change one record and returns it as stored. If rule returns an error, that is the error of Update, and
// the record stays as it was. All that Store.Update says of a change applies to rule.
func Update[K comparable, T any](ctx context.Context, s Store, k *Kind[K, T], key K, rule func(*T) error) (*T, error) {
	return UpdateAmong(ctx, s, k, key, func(_ *Tx, record *T) error { return rule(record) })
}

// UpdateAmong is Update with a rule that reads other records, too.
func UpdateAmong[K comparable, T any](ctx context.Context, s Store, k *Kind[K, T], key K, rule func(*Tx, *T) error) (*T, error) {
	var record, stored *T
	err := s.Update(ctx, func(tx *Tx) (err error) {
		record, err = k.Get(tx, key)
		if err != nil {
			return err
		}
		if err := rule(tx, record); err != nil {
			return err
		}
		if k.keyOf(record) != key {
			return errors.New("store: a rule changed the key of a record")
		}
		stored, err = k.put(tx, record)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case stored == record: // as nothing has changed
		return record, nil
	}
	return k.clone(stored), nil
}

// Delete removes one record if rule, to which all that Update says applies, returns nil.
func Delete[K comparable, T any](ctx context.Context, s Store, k *Kind[K, T], key K, rule func(*T) error) error {
	return s.Update(ctx, func(tx *Tx) error {
		record, err := k.Get(tx, key)
		if err != nil {
			return err
		}
		if err := rule(record); err != nil {
			return err
		}
		return k.Delete(tx, key)
	})
}

// Create stores db, a new database, and returns it as stored; db itself stays as it is. See Insert.
func Create(ctx context.Context, s Store, db *database.Database) (created *database.Database, err error) {
	err = s.Update(ctx, func(tx *Tx) (err error) {
		created, err = Insert(tx, db)
		return err
	})
	if err != nil {
		return nil, err
	}
	return created, nil
}

// Insert is Create within a transaction. A database with uid 0 gets the uid after the highest that the store ever held,
// so that nobody who remembers a deleted database meets another one in its place; only when there is none left above does
// it get the smallest that is free. Insert returns database.ErrUIDExists if the uid is taken and a *database.FieldError
// if it is out of range.
func Insert(tx *Tx, db *database.Database) (*database.Database, error) {
	created := *db
	if created.UID == 0 {
		created.UID = NextUID(tx)
	}
	if created.UID < 0 || created.UID > database.MaxUID {
		expected := fmt.Sprintf("an integer from 1 to %d", database.MaxUID)
		return nil, &database.FieldError{Field: "uid", Expected: expected}
	}
	if tx.find(Databases.name, uidKey(created.UID)) != nil {
		return nil, database.ErrUIDExists
	}
	if err := ReserveUIDs(tx, created.UID); err != nil {
		return nil, err
	}
	stored, err := Databases.put(tx, &created)
	if err != nil {
		return nil, err
	}
	return Databases.clone(stored), nil
}

// HighestUID returns the highest uid that a database ever had, 0 if there never was one.
func HighestUID(tx *Tx) int {
	last, err := counters.Get(tx, Databases.name)
	if err != nil {
		return 0
	}
	return last.Last
}

// ReserveUIDs has Insert choose uids above highest, as if a database had had it.
func ReserveUIDs(tx *Tx, highest int) error {
	if highest <= HighestUID(tx) {
		return nil
	}
	return counters.Put(tx, &counter{Of: Databases.name, Last: highest})
}

// NextUID returns the uid that Insert gives a database which has none.
func NextUID(tx *Tx) int {
	if last := HighestUID(tx); last < database.MaxUID {
		return last + 1
	}
	free := 1
	for db := range Databases.All(tx) {
		if db.UID != free {
			break
		}
		free++
	}
	return free
}
