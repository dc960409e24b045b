package server

import (
	"context"
	"fmt"

	"github.com/reimport/reimport/internal/event"
)

// restore locks out whom the server that ended had locked out.
func (a *authenticator) restore() error {
	now := a.now()
	names, err := a.kept.List(now)
	if err != nil {
		return fmt.Errorf("lock-outs: %w", err)
	}
	a.kept.prune(now)
	for _, locked := range names {
		_, isUser := a.users[locked.Name]
		a.attempts.lock(locked.Name, isUser, locked.Until)
	}
	return nil
}

// lockedOut reports whether the name is locked out. It is not if somebody has removed its file.
func (a *authenticator) lockedOut(name string) bool {
	a.mu.RLock()
	r := a.attempts.all[name]
	if r == nil || !r.Locked(a.now()) {
		a.mu.RUnlock()
		return false
	}
	kept, until := r.kept, r.Until()
	a.mu.RUnlock()
	if !kept || a.kept.has(name) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Until().Equal(until) { // not locked out again meanwhile
		r.Clear()
	}
	return r.Locked(a.now())
}

// fail notes a failed login, and locks the name out if it was one too many. A failure that was under way when another
// one locked the name out leaves that lock-out and its file as they are.
func (a *authenticator) fail(ctx context.Context, l login, isUser bool) {
	a.mu.Lock()
	now := a.now()
	if r := a.attempts.all[l.email]; r != nil && r.Locked(now) {
		a.mu.Unlock()
		return
	}
	r, locked, out := a.attempts.fail(l.email, isUser, a.lockout, now)
	until := r.Until()
	var stale []string // whose files have no meaning any more
	if out != nil && out.kept {
		stale = append(stale, out.name)
	}
	if r.kept && !locked {
		stale = append(stale, r.name)
	}
	r.kept = false
	if locked {
		a.lockouts++
	}
	count := a.lockouts
	a.mu.Unlock()
	for _, name := range stale {
		_ = a.kept.remove(name) // a file that stays lasts until its time is over
	}
	if locked {
		a.lockOut(ctx, r, event.LockedOut{Name: l.email, Peer: l.peer, Until: until, Count: count})
	}
}

func (a *authenticator) lockOut(ctx context.Context, r *record, e event.LockedOut) {
	a.events(ctx, e)
	err := a.kept.write(LockedName{e.Name, e.Until})
	a.mu.Lock()
	r.kept = err == nil
	first := err != nil && !a.lost
	a.lost = err != nil
	a.mu.Unlock()
	if first {
		a.events(ctx, event.LockoutNotKept{Err: err})
	}
}
