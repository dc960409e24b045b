package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/reimport/reimport/internal/store"
)

// What is in the file: the version of its schema, and the records by kind and key, each behind its checksum. The
// records' bucket keeps the revision as its sequence.
const (
	metaBucket    = "meta"
	schemaKey     = "schema"
	recordsBucket = "records"
)

// schema goes up with every change of the file or its records that an older program would misread, or drop when it
// writes.
const schema = 3

// lockTimeout lets a predecessor that is about to exit do so, and is no longer than an operator will wait.
const lockTimeout = time.Second

// openFile opens the store in the file at path, or makes one, and returns the records in it.
func openFile(path string) (*bbolt.DB, *store.Image, error) {
	file, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, nil, fmt.Errorf("%s: %w", path, store.ErrLocked)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("store %s: %w", path, err)
	}
	found, err := prepare(file)
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("store %s: %w", path, err), file.Close())
	}
	return file, found, nil
}

// reopenFile is openFile for a store that was there: if its disk is gone, an empty one must not take its place.
func reopenFile(path string) (*bbolt.DB, *store.Image, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("store %s: %w", path, err)
	}
	return openFile(path)
}

// syncDir makes the name of a file just created as durable as what is in it.
func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the directory of the store
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// prepare makes an empty file a store, brings an older one up to date, and returns the records. It writes to no other
// file, nor to one whose records it cannot read.
func prepare(file *bbolt.DB) (found *store.Image, err error) {
	version := 0
	err = file.View(func(tx *bbolt.Tx) (err error) {
		if name, _ := tx.Cursor().First(); name != nil {
			version, err = schemaOf(tx)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	do := file.View
	if version < schema {
		do = file.Update
	}
	err = do(func(tx *bbolt.Tx) (err error) {
		if err := upgrade(tx, version); err != nil {
			return err
		}
		found, err = load(tx.Bucket([]byte(recordsBucket)))
		return err
	})
	return found, err
}

// schemaOf returns a schema that this program knows.
func schemaOf(tx *bbolt.Tx) (int, error) {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil || tx.Bucket([]byte(recordsBucket)) == nil {
		return 0, errors.New("not a store of databases")
	}
	version, err := strconv.Atoi(string(meta.Get([]byte(schemaKey))))
	if err != nil {
		return 0, fmt.Errorf("schema: %w", err)
	}
	if version < 1 || version > schema {
		return 0, fmt.Errorf("has schema %d; this program knows 1 to %d", version, schema)
	}
	return version, nil
}

func initialize(tx *bbolt.Tx) error {
	meta, err := tx.CreateBucket([]byte(metaBucket))
	if err != nil {
		return err
	}
	if _, err := tx.CreateBucket([]byte(recordsBucket)); err != nil {
		return err
	}
	return meta.Put([]byte(schemaKey), strconv.AppendInt(nil, schema, 10))
}

func load(records *bbolt.Bucket) (*store.Image, error) {
	var found store.Loader
	err := records.ForEach(func(at, value []byte) error {
		encoded, err := unsealed(at, value)
		if err == nil {
			kind, key, _ := bytes.Cut(at, []byte("/"))
			err = found.Add(string(kind), string(key), encoded)
		}
		if err != nil {
			return fmt.Errorf("%w: record %s: %w", store.ErrDamaged, at, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found.Image(store.Revision(records.Sequence())), nil //nolint:gosec // revisions are positive
}

func put(records *bbolt.Bucket, c *store.Change) error {
	at := []byte(c.Kind + "/" + c.Key)
	if c.Encoded == nil {
		return records.Delete(at)
	}
	return records.Put(at, sealed(at, c.Encoded))
}

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
