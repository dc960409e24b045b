package bolt

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// upgrades lead from an older schema to the present one. 0 is a file with nothing in it.
var upgrades = []func(*bbolt.Tx) error{initialize, addChecksums}

// addChecksums gives every record a checksum. Schema 1 had databases alone, and the highest uid that was ever in use in
// the place of the revision, which begins at 1.
func addChecksums(tx *bbolt.Tx) error {
	records := tx.Bucket([]byte(recordsBucket))
	var all [][2][]byte // copies: what a bucket holds moves when it is written to
	err := records.ForEach(func(at, encoded []byte) error {
		all = append(all, [2][]byte{bytes.Clone(at), bytes.Clone(encoded)})
		return nil
	})
	if err != nil {
		return err
	}
	if last := records.Sequence(); last > 0 {
		all = append(all, [2][]byte{[]byte("counter/bdb"), fmt.Appendf(nil, `{"Of":"bdb","Last":%d}`, last)})
	}
	for _, record := range all {
		if err := records.Put(record[0], sealed(record[0], record[1])); err != nil {
			return err
		}
	}
	if err := records.SetSequence(1); err != nil {
		return err
	}
	return tx.Bucket([]byte(metaBucket)).Put([]byte(schemaKey), []byte("2"))
}
