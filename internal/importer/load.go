package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/rdb"
)

var errChanged = fmt.Errorf("%w: the file has changed since it was checked", rdb.ErrCorrupt)

// fill opens the sink while the import is still initializing, so that one out of reach costs the database nothing. If found
// says why the files cannot be loaded, they are not, whatever the sink makes of it.
func (a *attempt) fill(db *database.Database, found error) error {
	o := a.opening(db, found)
	to, err := a.reach(o)
	if err != nil {
		return err
	}
	if found != nil {
		a.im.cfg.Events(a.ctx, event.ImportOverruled{UID: a.uid, Run: a.run, Err: found})
		a.release()
		a.files = nil
	}
	if err := a.begin(); err != nil {
		return errors.Join(err, to.Close())
	}
	if err := a.loadInto(to, o); err != nil {
		a.erase(o.Database)
		return err
	}
	return nil
}

func (a *attempt) opening(db *database.Database, found error) *Opening {
	o := &Opening{Database: db, Err: found, GiveUp: a.release}
	o.Report = func(percent float64) error { return a.report(percent, database.Load{}) }
	if found == nil {
		o.Files = make([]rdb.Stats, len(a.files))
		for i, f := range a.files {
			o.Files[i] = f.stats
		}
	}
	return o
}

// begin has the record say that the import loads. What the Redis of a database holds is no part of a scripted import.
func (a *attempt) begin() error {
	a.rewind()
	return a.update(a.ctx, func(db *database.Database) error {
		err := db.BeginLoading(a.run)
		if err == nil && a.scripted {
			err = db.Erased(a.run)
		}
		return errors.Join(err, db.ReportProgress(a.run, 0, database.Load{TotalKeys: a.load.totalKeys}))
	})
}

// rewind sets the meter to the start of all files.
func (a *attempt) rewind() {
	var bytes, keys int64
	if !a.given {
		for _, f := range a.files {
			bytes += f.ContentSize()
			keys += f.stats.Loaded()
		}
	}
	a.load.begin(bytes, keys)
}

// loadAll loads the files from the first to the last. They are needed until the sink has said that the database has them, the
// turn is not. It closes the sink.
func (a *attempt) loadAll(to Sink) (err error) {
	defer func() {
		if end := to.Close(); err != nil { // a database that has all of them does not lose it to a connection that ends badly
			err = errors.Join(err, end)
		}
	}()
	if err := to.Begin(a.ctx); err != nil {
		return err
	}
	if err := a.loadFiles(to); err != nil {
		return err
	}
	a.turn.Give()
	if err := to.Flush(); err != nil {
		return err
	}
	a.load.took = time.Since(a.load.began)
	return nil
}

func (a *attempt) loadFiles(to Sink) error {
	if a.given {
		return nil
	}
	l := &loader{sink: to}
	for _, f := range a.files {
		if err := a.loadFile(l, f); err != nil {
			return &fileError{f.Label, err}
		}
	}
	return nil
}

func (a *attempt) loadFile(l *loader, f *file) error {
	s, err := a.scan(f, a.read)
	if err != nil {
		return err
	}
	s.Library = l.sink.Library
	l.large = f.large
	for s.Next() {
		if !isLoaded(s.Key()) {
			continue
		}
		a.load.keys++
		if err := l.pass(s); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if s.Offset() != f.offset || s.Stats().Keys != f.stats.Keys {
		return errChanged
	}
	return nil
}

// loader hands keys over to a sink. What it hands over by reference lives in it, not on the heap once for each key.
type loader struct {
	sink  Sink
	key   rdb.Key
	large []span // values to come that are too long to hold
	held  bytes.Buffer
	value bounded
}

// pass hands over the scanner's key with the length of its value, then the value.
func (l *loader) pass(s *rdb.Scanner) error {
	l.key = *s.Key()
	if len(l.large) > 0 && l.large[0].offset == l.key.Offset {
		return l.passLarge(s)
	}
	l.held.Reset()
	l.value = bounded{&l.held, maxHeld}
	n, err := s.WriteValue(&l.value)
	if err != nil {
		return err
	}
	l.key.ValueLen = n
	_, err = l.sink.Key(&l.key).Write(l.held.Bytes())
	return err
}

func (l *loader) passLarge(s *rdb.Scanner) error {
	l.key.ValueLen = l.large[0].size
	l.large = l.large[1:]
	l.value = bounded{l.sink.Key(&l.key), l.key.ValueLen}
	_, err := s.WriteValue(&l.value)
	if err == nil && l.value.left > 0 {
		err = errChanged
	}
	return err
}

// bounded lets left more bytes through to w. Nothing that a file says may reach a sink as more than was announced: a
// Redis would take the rest for commands.
type bounded struct {
	w    io.Writer
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errChanged
	}
	return b.w.Write(p)
}
