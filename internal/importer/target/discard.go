// Package target is where the keys of an import go.
package target

import (
	"context"
	"io"

	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// Discard stands for a database that is only simulated: it counts what it is given and keeps none of it.
type Discard struct {
	events event.Sink
	seen   event.ImportSimulated
}

// NewDiscard returns a Discard for the database uid that reports, at the end of the import, that nothing was loaded.
func NewDiscard(uid int, events event.Sink) *Discard {
	return &Discard{events: events, seen: event.ImportSimulated{UID: uid}}
}

// Begin has nothing to erase.
func (d *Discard) Begin(context.Context) error { return nil }

// Key counts k and drops its value.
func (d *Discard) Key(*rdb.Key) io.Writer {
	d.seen.Keys++
	return (*counter)(&d.seen.Bytes)
}

// Library counts a function library and drops it.
func (d *Discard) Library(int64) io.Writer {
	d.seen.Libraries++
	return (*counter)(&d.seen.Bytes)
}

// Flush reports what would have been loaded.
func (d *Discard) Flush() error {
	d.events(context.Background(), d.seen)
	return nil
}

// Close has nothing to give up.
func (d *Discard) Close() error { return nil }

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
