// Package target is where the keys of an import go.
package target

import (
	"context"
	"io"
	"log/slog"

	"github.com/reimport/reimport/internal/importer/rdb"
)

// Discard stands for a database that is only simulated: it counts what it is given and keeps none of it.
type Discard struct {
	log       *slog.Logger
	keys      int64
	libraries int64
	bytes     int64
}

// NewDiscard returns a Discard that tells log, at the end of the import, that nothing was loaded.
func NewDiscard(log *slog.Logger) *Discard { return &Discard{log: log} }

// Begin has nothing to erase.
func (d *Discard) Begin(context.Context) error { return nil }

// Key counts k and drops its value.
func (d *Discard) Key(*rdb.Key) io.Writer {
	d.keys++
	return (*counter)(&d.bytes)
}

// Library counts a function library and drops it.
func (d *Discard) Library(int64) io.Writer {
	d.libraries++
	return (*counter)(&d.bytes)
}

// Flush tells what would have been loaded.
func (d *Discard) Flush() error {
	d.log.Info("this database is simulated: the dump was read to its end and nothing was loaded",
		"keys", d.keys, "libraries", d.libraries, "bytes", d.bytes)
	return nil
}

// Close has nothing to give up.
func (d *Discard) Close() error { return nil }

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
