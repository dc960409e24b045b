package database

import "fmt"

// maxSize is how many bytes all that may be of any length may come to in a record. Settings that no rule knows stay in
// it for good, so something must end their growth.
const maxSize = 256 << 10

// size counts the bytes of what may be of any length.
func (db *Database) size() int {
	n := len(db.Name) + len(db.BackupPolicy.Location)
	for _, m := range db.Modules {
		n += len(m.UID) + len(m.Name) + len(m.SemanticVersion) + len(m.Args)
	}
	for _, s := range db.Import.Sources {
		n += len(s.Type) + len(s.Location)
	}
	for name, value := range db.Settings {
		n += len(name) + len(value)
	}
	return n
}

// checkSize refuses a record that has grown beyond maxSize. One that was beyond it before may shrink or stay.
func (db *Database) checkSize(before int) error {
	if size := db.size(); size <= maxSize || size <= before {
		return nil
	}
	return &FieldError{"body", fmt.Sprintf("settings that come to at most %d bytes in all", maxSize)}
}
