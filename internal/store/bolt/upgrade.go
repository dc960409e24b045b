package bolt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/store"
)

// upgrades lead from a schema to the next one, the first of them from schema 1.
var upgrades = [schema - 1]func(records *bbolt.Bucket) error{addChecksums, addOwners}

// upgrade brings a file of a version to the present schema. Version 0 is a file with nothing in it.
func upgrade(tx *bbolt.Tx, version int) error {
	switch version {
	case 0:
		return initialize(tx)
	case schema:
		return nil
	}
	for _, step := range upgrades[version-1:] {
		if err := step(tx.Bucket([]byte(recordsBucket))); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte(metaBucket)).Put([]byte(schemaKey), strconv.AppendInt(nil, schema, 10))
}

// entry is a key and its value, copied: what a bucket holds moves when it is written to.
type entry struct{ key, value []byte }

// addChecksums gives every record a checksum. Schema 1 had databases alone, and the highest uid that was ever in use in
// the place of the revision, which begins at 1.
func addChecksums(records *bbolt.Bucket) error {
	var all []entry
	err := records.ForEach(func(at, encoded []byte) error {
		all = append(all, entry{bytes.Clone(at), bytes.Clone(encoded)})
		return nil
	})
	if err != nil {
		return err
	}
	if last := records.Sequence(); last > 0 {
		all = append(all, entry{[]byte("counter/bdb"), fmt.Appendf(nil, `{"Of":"bdb","Last":%d}`, last)})
	}
	for _, e := range all {
		if err := records.Put(e.key, sealed(e.key, e.value)); err != nil {
			return err
		}
	}
	return records.SetSequence(1)
}

// addOwners makes room for the owners of runs. In schema 2 an import under way had the id of its run alone.
func addOwners(records *bbolt.Bucket) error {
	var changed []entry
	err := records.ForEach(func(at, value []byte) error {
		if !bytes.HasPrefix(at, []byte("bdb/")) {
			return nil
		}
		encoded, err := unsealed(at, value)
		if err == nil {
			encoded, err = withOwner(encoded)
		}
		if err != nil {
			return fmt.Errorf("%w: record %s: %w", store.ErrDamaged, at, err)
		}
		if encoded != nil {
			changed = append(changed, entry{bytes.Clone(at), sealed(at, encoded)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range changed {
		if err := records.Put(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}

// withOwner returns the record as schema 3 has it, nil if that is no other.
func withOwner(encoded []byte) ([]byte, error) {
	var db, running map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &db); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(db["Import"], &running); err != nil {
		return nil, err
	}
	id, found := running["Run"]
	if !found {
		return nil, nil
	}
	running["Run"] = fmt.Appendf(nil, `{"ID":%s}`, id)
	var err error
	if db["Import"], err = compose(running); err != nil {
		return nil, err
	}
	return compose(db)
}

// compose encodes as a store does: without an escape for HTML.
func compose(members map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(members)
	return b.Bytes(), err
}
