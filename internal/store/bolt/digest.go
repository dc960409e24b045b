package bolt

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/reimport/reimport/internal/store"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealed puts a checksum before a record. It is of the key as well: a record in another's place is damage, too.
func sealed(at, encoded []byte) []byte {
	sum := crc32.Update(crc32.Checksum(at, castagnoli), castagnoli, encoded)
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(encoded)), sum), encoded...)
}

func unsealed(at, value []byte) ([]byte, error) {
	if len(value) < 4 || binary.BigEndian.Uint32(value) != crc32.Update(crc32.Checksum(at, castagnoli), castagnoli, value[4:]) {
		return nil, errors.New("its checksum is wrong")
	}
	return value[4:], nil
}

// digest says what all records come to. Each record's own checksum does not show that a record is missing, or is an older
// one than it should be.
type digest struct {
	Schema   int
	Revision store.Revision
	Records  int
	Sum      uint64 // of the records' checksums
}

func (d *digest) add(value []byte) {
	d.Records++
	d.Sum += checksum(value)
}

func (d *digest) remove(value []byte) {
	d.Records--
	d.Sum -= checksum(value)
}

func checksum(value []byte) uint64 {
	if len(value) < 4 {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(value))
}

func parseDigest(value []byte) (d digest, err error) {
	encoded, err := unsealed([]byte(digestKey), value)
	if err == nil {
		err = json.Unmarshal(encoded, &d)
	}
	return d, err
}

// write stores d, and the schema by itself, where programs with an older one look for it.
func (d digest) write(tx *bbolt.Tx) error {
	encoded, err := json.Marshal(d)
	if err != nil {
		return err
	}
	meta := tx.Bucket([]byte(metaBucket))
	return errors.Join(
		meta.Put([]byte(schemaKey), fmt.Append(nil, d.Schema)),
		meta.Put([]byte(digestKey), sealed([]byte(digestKey), encoded)),
	)
}

// write makes commits to the file.
func write(tx *bbolt.Tx, commits []store.Commit) error {
	d, err := parseDigest(tx.Bucket([]byte(metaBucket)).Get([]byte(digestKey)))
	if err == nil && d.Revision+1 != commits[0].Revision {
		err = fmt.Errorf("holds revision %d in the place of %d", d.Revision, commits[0].Revision-1)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	records := tx.Bucket([]byte(recordsBucket))
	for _, commit := range commits {
		for i := range commit.Changes {
			if err := d.put(records, &commit.Changes[i]); err != nil {
				return err
			}
		}
		d.Revision = commit.Revision
	}
	return d.write(tx)
}

func (d *digest) put(records *bbolt.Bucket, c *store.Change) error {
	at := []byte(c.Kind + "/" + c.Key)
	if old := records.Get(at); old != nil {
		d.remove(old)
	}
	if c.Encoded == nil {
		return records.Delete(at)
	}
	value := sealed(at, c.Encoded)
	d.add(value)
	return records.Put(at, value)
}

// label is what may be shown of a record's key in the file. If there is damage, a key may hold anything, a secret included.
func label(at []byte) string {
	kind, key := split(at)
	whole := strings.TrimLeftFunc(key, func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("@.+-_", r)
	})
	key = key[:len(key)-len(whole)]
	switch {
	case !store.IsKind(kind):
		return "without a readable key"
	case whole != "":
		return kind + "/" + key + "..."
	}
	return kind + "/" + key
}

// split returns the kind and the key of a record from its key in the file.
func split(at []byte) (kind, key string) {
	before, after, _ := bytes.Cut(at, []byte("/"))
	return string(before), string(after)
}
