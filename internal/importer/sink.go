package importer

import (
	"context"
	"io"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// Sink is where the keys of one import go. Its calls come one after the other; a value or a library is written whole
// before the next call. An error may be told by any later Write or by Flush, so that a Sink is free to pipeline. An error about one
// key is a *sink.KeyError. One that wraps sink.ErrOutOfMemory ends the import as out-of-memory, one that wraps a
// *database.ImportError for its reason. After one that wraps sink.ErrConnectionLost all is loaded again into another Sink.
type Sink interface {
	// Begin erases what the database holds: an import replaces it. ctx ends when the import must stop, and with it
	// whatever the Sink waits for.
	Begin(ctx context.Context) error
	// Key takes a key, valid during the call, and returns what takes the ValueLen bytes of its value: those that a DUMP
	// payload has between its type byte and its footer. There is at least one. The name is whole: it has at most rdb.MaxName bytes.
	Key(k *rdb.Key) io.Writer
	// Library returns what takes the size bytes of a function library's source.
	Library(size int64) io.Writer
	// Flush returns nil once the database has all of the import. Others take their turn meanwhile: it may take its time.
	Flush() error
	// Close gives up what the Sink holds, be the import complete or not.
	Close() error
}

// Opening is what an import knows when it opens its Sink.
type Opening struct {
	Database *database.Database
	// Files has what the check has learned of each file, such as its dialect, version, types, databases and modules, so that a
	// Sink may refuse before anything is erased.
	Files []rdb.Stats
	// Err is why the files cannot be loaded, nil if they can; then Files is nil.
	Err error
	// Report notes how far the import is, in percent, from Begin to Flush. It never goes back, and it returns an error if the
	// import must stop. An import that loads for long reports by itself how much of its files it has read.
	Report func(percent float64) error
	// GiveUp gives up the files, and the turn that others wait for. The import then loads nothing, however long it goes on.
	GiveUp func()
}

// OpenSink returns the Sink of an import, which the import closes. After an error that wraps sink.ErrConnectionLost it is asked
// again for a while. Without a script it returns the Opening's Err if that is
// set. With one it may go on: the import then loads nothing, and ends as the Sink says.
type OpenSink func(ctx context.Context, o *Opening) (Sink, error)

// Script is how one import goes whose files do not have the last word.
type Script struct {
	// Open returns the Sink of the import, in the place of the Config's. It may hold up the import in initializing.
	Open OpenSink
	// End is called once, when the import has ended and its record says so, or never will.
	End func()
}
