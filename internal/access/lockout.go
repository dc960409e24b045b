package access

import "time"

// Lockout says when a name that keeps failing to log in is locked out. The zero value never locks anybody out.
type Lockout struct {
	Failures int           // this many
	Within   time.Duration // in this time
	For      time.Duration // lock the name out for this long
}

// Attempts is how the logins under one name have gone. The zero value has none.
type Attempts struct {
	failures []time.Time // oldest first, fewer than Lockout.Failures
	until    time.Time   // of the lock-out, zero if there was none
}

// Fail notes a failed login and reports whether it locks the name out. A failure during a lock-out does not count: it
// says nothing about the password.
func (a *Attempts) Fail(l Lockout, now time.Time) bool {
	if l.Failures == 0 || a.Locked(now) {
		return false
	}
	for len(a.failures) > 0 && now.Sub(a.failures[0]) >= l.Within {
		a.failures = a.failures[1:]
	}
	a.failures = append(a.failures, now)
	if len(a.failures) < l.Failures {
		return false
	}
	a.Lock(now.Add(l.For))
	return true
}

// Lock locks the name out until then, and forgets the failures that have led there.
func (a *Attempts) Lock(until time.Time) { *a = Attempts{until: until} }

// Clear forgets all: the password was right, or somebody has ended the lock-out.
func (a *Attempts) Clear() { *a = Attempts{} }

// Locked reports whether the name is locked out.
func (a *Attempts) Locked(now time.Time) bool { return !a.until.IsZero() && now.Before(a.until) }

// Until is the end of the last lock-out, zero if there was none.
func (a *Attempts) Until() time.Time { return a.until }
