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
}

func newScripts(clock *Clock, events event.Sink) *Scripts {
	return &Scripts{clock: clock, events: events, lists: map[int][]Script{}}
}

// Set gives the imports of a database that start from now on their scripts, in their order, in the place of those left over.
// Without any, they go as their files say. An import under way keeps its own. The error is a *database.FieldError.
func (s *Scripts) Set(uid int, scripts []Script) error {
	if uid < 1 || uid > database.MaxUID {
		return &database.FieldError{Field: "uid", Expected: fmt.Sprintf("an integer from 1 to %d", database.MaxUID)}
	}
	for i, script := range scripts {
		if field, wrong := errors.AsType[*database.FieldError](script.Check()); wrong {
			return &database.FieldError{Field: fmt.Sprintf("import_scripts[%d].%s", i, field.Field), Expected: field.Expected}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(scripts) == 0 {
		delete(s.lists, uid)
	} else {
		s.lists[uid] = slices.Clone(scripts)
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

// Clear forgets the scripts of all imports to come. Those of imports under way are not among them.
func (s *Scripts) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.lists)
}

// Release lets the frozen import of a database go on to its end. The next request for the database finds it there. It returns
// ErrNotFrozen if there is none.
func (s *Scripts) Release(uid int) error {
	return ErrNotFrozen
}

// Settle is for a request for the database uid, 0 for all databases, before it is answered. It has the import there, if it
// follows a script, go as far as it can: to its end if it may end by now. The request finds that in the store. With isGet, a
// polled import takes its next step.
//
// Settle waits a few seconds at most, as an import may still fetch and check its files, and no longer than ctx lasts.
func (s *Scripts) Settle(ctx context.Context, uid int, isGet bool) {
}
