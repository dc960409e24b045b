package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/store"
)

// current returns a record of some schema as the present one has it. Those of schema 1 have no checksum; before schema 3, an
// import under way had the id of its run alone.
func current(version int, at, value []byte) (encoded []byte, err error) {
	encoded = value
	if version > 1 {
		encoded, err = unsealed(at, value)
	}
	if err == nil && version < 3 && bytes.HasPrefix(at, []byte("bdb/")) {
		encoded, err = withOwner(encoded)
	}
	return encoded, err
}

// withOwner makes room for the owner of a run.
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
		return encoded, nil
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

// upgradeFrom brings a file that has an older schema, 0 for an empty file, to the present one.
func upgradeFrom(version int) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		if version == 0 {
			if err := createBuckets(tx); err != nil {
				return err
			}
		}
		records := tx.Bucket([]byte(recordsBucket))
		d := digest{Schema: schema, Revision: store.Revision(records.Sequence())} //nolint:gosec // revisions are positive
		all, err := upgraded(records, version)
		if err != nil {
			return err
		}
		if version == 1 {
			d.Revision = 1
			all = append(all, highestUID(records.Sequence())...)
		}
		for _, e := range all {
			value := sealed(e.key, e.encoded)
			d.add(value)
			if err := records.Put(e.key, value); err != nil {
				return err
			}
		}
		return d.write(tx)
	}
}

// entry is a record, copied: what a bucket holds moves when it is written to.
type entry struct{ key, encoded []byte }

// highestUID returns the record of the highest uid that was ever in use, if there is one. Schema 1 had it in the place of
// the revision, which begins at 1.
func highestUID(last uint64) []entry {
	if last == 0 {
		return nil
	}
	return []entry{{[]byte("counter/bdb"), fmt.Appendf(nil, `{"Of":"bdb","Last":%d}`, last)}}
}

// upgraded returns all records as the present schema has them. Schema 1 had databases alone.
func upgraded(records *bbolt.Bucket, version int) (all []entry, err error) {
	err = records.ForEach(func(at, value []byte) error {
		encoded, err := current(version, at, value)
		all = append(all, entry{bytes.Clone(at), bytes.Clone(encoded)})
		return err
	})
	return all, err
}

func createBuckets(tx *bbolt.Tx) error {
	_, metaErr := tx.CreateBucket([]byte(metaBucket))
	_, recordsErr := tx.CreateBucket([]byte(recordsBucket))
	return errors.Join(metaErr, recordsErr)
}
