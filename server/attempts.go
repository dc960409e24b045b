package server

import (
	"container/list"
	"time"

	"github.com/reimport/reimport/internal/access"
)

// How many names that no user has are remembered. To push one out in the time that it counts, an attacker needs more
// verifications than a core has time for.
const (
	maxFailing = 1 << 15 // that have failed
	maxLocked  = 1 << 13 // that are locked out; each has a file
)

// attempts remembers how the logins under each name have gone. A name that a user has stays; of the others the oldest
// make room.
type attempts struct {
	all     map[string]*record
	failing list.List // of names that no user has, the one whose last failure is oldest in front
	locked  list.List // of names that no user has and that are locked out, the one that was locked first in front
}

type record struct {
	access.Attempts
	name  string
	kept  bool          // the lock-out has a file
	place *list.Element // in a list, if no user has the name
}

func newAttempts() *attempts { return &attempts{all: map[string]*record{}} }

// fail notes a failed login. It returns the name's record, whether it is locked out by that, and a record that had to
// make room, if one had.
func (t *attempts) fail(name string, isUser bool, policy access.Lockout, now time.Time) (r *record, locked bool, out *record) {
	r = t.record(name)
	locked = r.Fail(policy, now)
	if !isUser {
		out = t.put(r, locked)
	}
	return r, locked, out
}

// lock locks a name out that is so on disk.
func (t *attempts) lock(name string, isUser bool, until time.Time) (out *record) {
	r := t.record(name)
	r.Lock(until)
	r.kept = true
	if !isUser {
		out = t.put(r, true)
	}
	return out
}

func (t *attempts) record(name string) *record {
	r := t.all[name]
	if r == nil {
		r = &record{name: name}
		t.all[name] = r
	}
	return r
}

// put puts r, which no user has, at the end of its list.
func (t *attempts) put(r *record, locked bool) (out *record) {
	if r.place != nil {
		t.failing.Remove(r.place)
		t.locked.Remove(r.place)
	}
	to, most := &t.failing, maxFailing
	if locked {
		to, most = &t.locked, maxLocked
	}
	r.place = to.PushBack(r)
	if to.Len() <= most {
		return nil
	}
	out = to.Remove(to.Front()).(*record)
	delete(t.all, out.name)
	return out
}
