// Package sink is where the keys of an import go.
package sink

import (
	"context"
	"fmt"
	"io"

	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// Discard stands for a database that is only simulated: it counts what it is given and keeps none of it.
type Discard struct {
	events event.Sink
	seen   event.ImportSimulated
}

// databases is how many a Redis has by default.
const databases = 16

// NewDiscard returns a Discard for the database uid that reports, at the end of the import, that nothing was loaded. It
// refuses files that a Redis could not load because it has no such database.
func NewDiscard(uid int, files []rdb.Stats, events event.Sink) (*Discard, error) {
	for _, f := range files {
		if f.MaxDB >= databases {
			return nil, fmt.Errorf("expected databases 0 to %d in the files, found %d", databases-1, f.MaxDB)
		}
	}
	return &Discard{events: events, seen: event.ImportSimulated{UID: uid}}, nil
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
