package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/reimport/reimport/internal/database"
)

// What is in the file: the version of its schema, and the records by their key. The records' bucket keeps the highest
// uid that was ever in use as its sequence.
const (
	metaBucket    = "meta"
	schemaKey     = "schema"
	recordsBucket = "records"
)

// schema goes up with every change of the record that an older program would misread, or drop when it writes.
const schema = 1

// lockTimeout lets a predecessor that is about to exit do so, and is no longer than an operator will wait.
const lockTimeout = time.Second

// openFile opens the store in the file at path, or makes one, and returns the records in it.
func openFile(path string) (*bbolt.DB, image, error) {
	file, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, image{}, fmt.Errorf("%s: %w", path, ErrLocked)
	}
	if err != nil {
		return nil, image{}, fmt.Errorf("store %s: %w", path, err)
	}
	found, err := prepare(file)
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, image{}, errors.Join(fmt.Errorf("store %s: %w", path, err), file.Close())
	}
	return file, found, nil
}

// reopenFile is openFile for a store that was there: where its disk is gone, an empty one must not take its place.
func reopenFile(path string) (*bbolt.DB, image, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, image{}, fmt.Errorf("store %s: %w", path, err)
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

// prepare makes an empty file a store and returns the records of one that is. It writes to no other file.
func prepare(file *bbolt.DB) (image, error) {
	empty := true
	err := file.View(func(tx *bbolt.Tx) error {
		name, _ := tx.Cursor().First()
		empty = name == nil
		return nil
	})
	if err == nil && empty {
		err = file.Update(initialize)
	}
	if err != nil {
		return image{}, err
	}
	var found image
	err = file.View(func(tx *bbolt.Tx) (err error) {
		found, err = load(tx)
		return err
	})
	return found, err
}

func initialize(tx *bbolt.Tx) error {
	meta, err := tx.CreateBucket([]byte(metaBucket))
	if err != nil {
		return err
	}
	if err := meta.Put([]byte(schemaKey), strconv.AppendInt(nil, schema, 10)); err != nil {
		return err
	}
	_, err = tx.CreateBucket([]byte(recordsBucket))
	return err
}

func load(tx *bbolt.Tx) (image, error) {
	if err := checkSchema(tx); err != nil {
		return image{}, err
	}
	records := tx.Bucket([]byte(recordsBucket))
	found := image{lastUID: int(records.Sequence())} //nolint:gosec // the sequence is a uid
	err := records.ForEach(func(k, v []byte) error {
		db, err := decode(v)
		if err == nil && !bytes.Equal(k, key(db.UID)) {
			err = fmt.Errorf("holds database %d", db.UID)
		}
		if err != nil {
			return fmt.Errorf("record %s: %w", k, err)
		}
		found.databases = append(found.databases, db)
		return nil
	})
	return found, err
}

func checkSchema(tx *bbolt.Tx) error {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil || tx.Bucket([]byte(recordsBucket)) == nil {
		return errors.New("not a store of databases")
	}
	version, err := strconv.Atoi(string(meta.Get([]byte(schemaKey))))
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if version > schema {
		return fmt.Errorf("has schema %d; this program knows none newer than %d", version, schema)
	}
	return nil
}

// key is padded to the width of database.MaxUID, so that keys sort as uids do. The prefix leaves room for other kinds
// of records beside these.
func key(uid int) []byte { return fmt.Appendf(nil, "bdb/%010d", uid) }

// encode keeps settings as the client wrote them, so it does not escape for HTML.
func encode(db *database.Database) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(db); err != nil {
		return nil, fmt.Errorf("database %d: %w", db.UID, err)
	}
	return b.Bytes(), nil
}

func decode(encoded []byte) (*database.Database, error) {
	db := new(database.Database)
	return db, json.Unmarshal(encoded, db)
}
