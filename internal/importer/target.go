package importer

import (
	"context"
	"io"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// Target is where the keys of one import go. Its calls come one after the other; a value or a library is written whole
// before the next call. An error may be told by any later Write or by Flush, so that a Target is free to pipeline.
type Target interface {
	// Begin erases what the database holds: an import replaces it. ctx ends when the import must stop, and with it
	// whatever the Target waits for.
	Begin(ctx context.Context) error
	// Key takes a key, valid during the call, and returns what takes the ValueLen bytes of its value: those that a DUMP
	// payload has between its type byte and its footer. There is at least one. A name beyond rdb.MaxName is cut.
	Key(k *rdb.Key) io.Writer
	// Library returns what takes the size bytes of a function library's source.
	Library(size int64) io.Writer
	// Flush returns nil once the database has all of the import.
	Flush() error
	// Close gives up what the Target holds, be the import complete or not.
	Close() error
}

// OpenTarget returns the Target of an import into db, which the import closes.
type OpenTarget func(ctx context.Context, db *database.Database) (Target, error)
