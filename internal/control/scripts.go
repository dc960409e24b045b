package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/seed"
)

// Script is how one import proceeds and ends, and Pace how it proceeds. A seed has them too.
type (
	Script = seed.Script
	Pace   = seed.Pace
)

// ErrNotFrozen refuses to release a database that no frozen import runs in.
var ErrNotFrozen = errors.New("no import of this database is frozen")

// Scripts has the scripts of the imports to come, by the uid of their database, and plays those of the imports under way.
// Its methods may be called from many goroutines.
type Scripts struct {
	clock  *Clock
	events event.Sink

	mu    sync.Mutex
	lists map[int][]Script // none of them is empty
	plays map[int]*play    // the newest of each database, until it is over
}

func newScripts(clock *Clock, events event.Sink) *Scripts {
	return &Scripts{clock: clock, events: events, lists: map[int][]Script{}, plays: map[int]*play{}}
}

// Set gives the imports of a database that start from now on their scripts, in their order, in the place of those left over.
// Without any, they go as their files say. An import under way keeps its own. The error is a *database.FieldError.
func (s *Scripts) Set(uid int, scripts []Script) error {
	if err := check(uid, scripts); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(uid, scripts)
	return nil
}

// Replace gives all databases the scripts in all, by uid, in the place of those that they have: those of a seed. They must be
// checked.
func (s *Scripts) Replace(all map[int][]Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.lists)
	for uid, scripts := range all {
		s.set(uid, scripts)
	}
}

// CheckScripts returns what is wrong with the scripts in all, by uid, as a *database.FieldError.
func CheckScripts(all map[int][]Script) error {
	for uid, scripts := range all {
		if err := check(uid, scripts); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scripts) set(uid int, scripts []Script) {
	if len(scripts) == 0 {
		delete(s.lists, uid)
	} else {
		s.lists[uid] = slices.Clone(scripts)
	}
}

func check(uid int, scripts []Script) error {
	if uid < 1 || uid > database.MaxUID {
		return &database.FieldError{Field: "uid", Expected: fmt.Sprintf("an integer from 1 to %d", database.MaxUID)}
	}
	for i, script := range scripts {
		if field, wrong := errors.AsType[*database.FieldError](script.Check()); wrong {
			return &database.FieldError{Field: fmt.Sprintf("import_scripts[%d].%s", i, field.Field), Expected: field.Expected}
		}
	}
	return nil
}

// Get returns the scripts that the next imports of a database take, in their order.
func (s *Scripts) Get(uid int) []Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lists[uid])
}

// All returns the scripts of all databases that have some, by uid.
func (s *Scripts) All() map[int][]Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(s.lists)
	for uid, scripts := range all {
		all[uid] = slices.Clone(scripts)
	}
	return all
}

// Release lets the frozen import of a database go on to its end. The next request for the database finds it there. It returns
// ErrNotFrozen if there is none.
func (s *Scripts) Release(uid int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plays[uid]
	if p == nil || p.script.Pace != seed.PaceFrozen || p.released {
		return ErrNotFrozen
	}
	p.released = true
	p.wakeUp()
	return nil
}

// Settle is for a request for the database uid, 0 for all databases, before it is answered. It has the import there, if it
// follows a script, go as far as it can: to its end if it may end by now. The request finds that in the store. With isGet, a
// polled import takes its next step.
//
// Settle waits a few seconds at most, as an import may still fetch and check its files, and no longer than ctx lasts.
func (s *Scripts) Settle(ctx context.Context, uid int, isGet bool) {
	for _, a := range s.ask(uid, isGet) {
		a.wait(ctx)
	}
}

// ask has the imports of a database, 0 for all, go as far as they can, and returns what waits for each.
func (s *Scripts) ask(uid int, isGet bool) (asked []asking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if uid == 0 {
		for _, p := range s.plays {
			asked = append(asked, p.ask(false))
		}
	} else if p := s.plays[uid]; p != nil {
		asked = append(asked, p.ask(isGet))
	}
	return asked
}

// Next takes the next script of db for an import that starts, and returns nil if there is none. It is an importer.Config's
// Script.
func (s *Scripts) Next(db *database.Database) *importer.Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.lists[db.UID]
	if len(list) == 0 {
		return nil
	}
	p := newPlay(s, db.UID, list[0])
	s.plays[db.UID] = p
	switch {
	case list[0].Repeat:
	case len(list) == 1:
		delete(s.lists, db.UID)
	default:
		s.lists[db.UID] = list[1:]
	}
	return &importer.Script{Open: p.open, End: p.end}
}
