package store

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Tx is a transaction. It reads what was there when it began and what it has written since. One goroutine uses it at a
// time.
type Tx struct {
	image    *Image
	writable bool
	written  map[address]*Change
}

type address struct{ kind, key string }

// maxKey is how many bytes a key may have. A store need not keep longer ones: a change that it cannot write fails all that
// share the write.
const maxKey = 1024

var errReadOnly = errors.New("store: this transaction only reads")

// Revision returns the revision that the transaction began at.
func (tx *Tx) Revision() Revision { return tx.image.revision }

func (tx *Tx) find(kind, key string) any {
	if c := tx.written[address{kind, key}]; c != nil {
		return c.record
	}
	return tx.image.trees[kind].find(key)
}

func (tx *Tx) write(k kind, key string, record any) error {
	if !tx.writable {
		return errReadOnly
	}
	if len(key) > maxKey {
		return fmt.Errorf("%s: expected a key of at most %d bytes", k.title(), maxKey)
	}
	if tx.written == nil {
		tx.written = map[address]*Change{}
	}
	tx.written[address{k.title(), key}] = &Change{Kind: k.title(), Key: key, kind: k, record: record}
	return nil
}

// Changes returns what the transaction has changed, encoded, by ascending kind and key. It is for implementations of
// Store, as is Changed.
func (tx *Tx) Changes() ([]Change, error) {
	if !tx.Changed() {
		return nil, nil
	}
	changes := make([]Change, 0, len(tx.written))
	for _, c := range tx.written {
		if c.record != nil {
			var err error
			if c.Encoded, err = c.kind.encode(c.record); err != nil {
				return nil, fmt.Errorf("%s %s: %w", c.Kind, c.Key, err)
			}
		}
		changes = append(changes, *c)
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	return changes, nil
}

// Changed reports whether the transaction leaves anything other than it was. It forgets what has come to nothing.
func (tx *Tx) Changed() bool {
	for at, c := range tx.written {
		if c.kind.same(tx.image.trees[at.kind].find(at.key), c.record) {
			delete(tx.written, at)
		}
	}
	return len(tx.written) > 0
}

// all returns the records of a kind with those that tx has written.
func (tx *Tx) all(kind string) tree {
	var changes []Change
	for at, c := range tx.written {
		if at.kind == kind {
			changes = append(changes, *c)
		}
	}
	if changes == nil {
		return tx.image.trees[kind]
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return tx.image.trees[kind].with(changes)
}

// Get returns a copy of the record with this key, or the kind's error if there is none: database.ErrNotExist,
// database.ErrModuleNotExist.
func (k *Kind[K, T]) Get(tx *Tx, key K) (*T, error) {
	found := tx.find(k.name, k.key(key))
	if found == nil {
		return nil, k.missing
	}
	return k.clone(found.(*T)), nil
}

// List returns copies of all records, by ascending key. The slice is empty, not nil, if there are none.
func (k *Kind[K, T]) List(tx *Tx) []*T {
	all := []*T{}
	for record := range tx.all(k.name).records {
		all = append(all, k.clone(record.(*T)))
	}
	return all
}

// All yields all records, by ascending key, and copies none: a record's own fields are the caller's, but what its slices
// and maps hold must not be changed.
func (k *Kind[K, T]) All(tx *Tx) iter.Seq[T] {
	return func(yield func(T) bool) {
		for record := range tx.all(k.name).records {
			if !yield(*record.(*T)) {
				return
			}
		}
	}
}

// Len returns how many records there are.
func (k *Kind[K, T]) Len(tx *Tx) int { return tx.all(k.name).len() }

// Put stores a copy of the record in the place of the one that has its key.
func (k *Kind[K, T]) Put(tx *Tx, record *T) error {
	_, err := k.put(tx, record)
	return err
}

// put is Put. It returns the record as it is stored, which is record itself if that changes nothing, and else shared.
func (k *Kind[K, T]) put(tx *Tx, record *T) (*T, error) {
	key := k.key(k.keyOf(record))
	old := tx.find(k.name, key)
	if k.same(old, record) {
		return record, nil
	}
	next := k.canonical(record)
	return next, tx.write(k, key, next)
}

// Delete removes the record with this key. It returns the kind's error if there is none.
func (k *Kind[K, T]) Delete(tx *Tx, key K) error {
	if tx.find(k.name, k.key(key)) == nil {
		return k.missing
	}
	return tx.write(k, k.key(key), nil)
}

// Clear removes the records of all kinds, and with them what is known of uids that were in use.
func Clear(tx *Tx) error {
	for _, k := range kinds {
		for key := range tx.all(k.title()).keys {
			if err := tx.write(k, key, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Replace makes records all that there are of the kind.
func (k *Kind[K, T]) Replace(tx *Tx, records []T) error {
	keep := map[K]bool{}
	for i := range records {
		keep[k.keyOf(&records[i])] = true
		if err := k.Put(tx, &records[i]); err != nil {
			return err
		}
	}
	for record := range k.All(tx) {
		if key := k.keyOf(&record); !keep[key] {
			if err := k.Delete(tx, key); err != nil {
				return err
			}
		}
	}
	return nil
}
