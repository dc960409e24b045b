package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/rdb"
)

var errChanged = fmt.Errorf("%w: the file has changed since it was checked", rdb.ErrCorrupt)

// load opens the sink while the import is still initializing, so that one out of reach costs the database nothing. If found
// says why the files cannot be loaded, they are not, whatever the sink makes of it.
func (a *attempt) load(db *database.Database, found error) (err error) {
	to, err := a.openSink(a.ctx, a.opening(db, found))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if found != nil {
		a.im.cfg.Events(a.ctx, event.ImportOverruled{UID: a.uid, Run: a.run, Err: found})
		a.release()
		a.files = nil
	}
	if err := a.update(a.ctx, func(db *database.Database) error { return db.BeginLoading(a.run) }); err != nil {
		return err
	}
	if err := to.Begin(a.ctx); err != nil {
		return err
	}
	if err := a.loadFiles(to); err != nil {
		return err
	}
	a.release()
	return to.Flush()
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

func (a *attempt) opening(db *database.Database, found error) *Opening {
	o := &Opening{Database: db, Err: found, Report: a.report, GiveUp: a.release}
	if found == nil {
		o.Files = make([]rdb.Stats, len(a.files))
		for i, f := range a.files {
			o.Files[i] = f.stats
		}
	}
	return o
}

func (a *attempt) loadFile(l *loader, f *file) error {
	s, err := a.scan(f, a.progress)
	if err != nil {
		return err
	}
	s.Library = l.sink.Library
	l.large = f.large
	for s.Next() {
		if !isLoaded(s.Key()) {
			continue
		}
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
