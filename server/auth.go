package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"runtime"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
)

// Lockout says when a user who keeps failing to log in is locked out. The zero value never locks anybody out.
type Lockout struct {
	Failures int           // this many
	Within   time.Duration // in this time
	For      time.Duration // lock the user out for this long
}

// maxVerified bounds the cache of credentials that bcrypt has accepted: more users than that at once only cost time.
const maxVerified = 1024

// authenticator checks Basic credentials. bcrypt takes 60 ms on purpose; credentials it has accepted are remembered
// under a keyed hash, which costs a microsecond and is worth nothing to who reads it.
type authenticator struct {
	users   map[string]access.User
	nobody  string // the costliest user's hash, compared against in vain for users who do not exist
	lockout Lockout
	now     func() time.Time
	slots   chan struct{} // bounds how much bcrypt runs at once
	key     []byte

	mu       sync.RWMutex
	verified map[[sha256.Size]byte]access.User
	failures map[string][]time.Time // by email of an existing user, oldest first
	locked   map[string]time.Time   // until when
}

func newAuthenticator(users []access.User, lockout Lockout, now func() time.Time) *authenticator {
	a := &authenticator{
		users:    map[string]access.User{},
		lockout:  lockout,
		now:      now,
		slots:    make(chan struct{}, runtime.GOMAXPROCS(0)),
		key:      make([]byte, sha256.Size),
		verified: map[[sha256.Size]byte]access.User{},
		failures: map[string][]time.Time{},
		locked:   map[string]time.Time{},
	}
	rand.Read(a.key)
	most := 0
	for _, u := range users {
		a.users[u.Email] = u
		if cost, _ := bcrypt.Cost([]byte(u.PasswordHash)); cost > most {
			most, a.nobody = cost, u.PasswordHash
		}
	}
	return a
}

// authenticate returns the user whose credentials the request carries, or errUnauthorized whatever is wrong with them.
func (a *authenticator) authenticate(r *http.Request) (access.User, error) {
	header := r.Header["Authorization"]
	switch len(header) {
	case 0:
		return access.User{}, errUnauthorized
	case 1:
	default:
		return access.User{}, refuse(errParameter, "Authorization: expected one header")
	}
	digest := a.digest(header[0])
	if user, ok := a.remembered(digest); ok {
		return user, nil
	}
	email, password, ok := r.BasicAuth()
	if !ok {
		return access.User{}, errUnauthorized
	}
	return a.verify(r.Context(), email, password, digest)
}

// digest of the header as it came. No client sees one, so a secret in front does what an HMAC would, for half the time.
func (a *authenticator) digest(header string) [sha256.Size]byte {
	var buf [256]byte
	return sha256.Sum256(append(append(buf[:0], a.key...), header...))
}

func (a *authenticator) remembered(digest [sha256.Size]byte) (access.User, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	user, ok := a.verified[digest]
	return user, ok && !a.isLocked(user.Email)
}

func (a *authenticator) verify(ctx context.Context, email, password string, digest [sha256.Size]byte) (access.User, error) {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return access.User{}, ctx.Err()
	}
	// Those who waited for the same credentials to be checked need not check them again.
	if user, ok := a.remembered(digest); ok {
		return user, nil
	}
	user, known := a.users[email]
	hash := a.nobody
	if known {
		hash = user.PasswordHash
	}
	matches := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
	if !known {
		return access.User{}, errUnauthorized
	}
	return user, a.note(user, matches, digest)
}

// note records how a login of an existing user went. A locked-out user's right password is a wrong one.
func (a *authenticator) note(user access.User, matches bool, digest [sha256.Size]byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.isLocked(user.Email):
		return errUnauthorized
	case !matches:
		a.fail(user.Email)
		return errUnauthorized
	}
	delete(a.failures, user.Email)
	delete(a.locked, user.Email)
	if len(a.verified) >= maxVerified {
		clear(a.verified)
	}
	a.verified[digest] = user
	return nil
}

func (a *authenticator) isLocked(email string) bool {
	until, locked := a.locked[email]
	return locked && a.now().Before(until)
}

func (a *authenticator) fail(email string) {
	if a.lockout.Failures == 0 {
		return
	}
	now := a.now()
	recent := a.failures[email]
	for len(recent) > 0 && now.Sub(recent[0]) >= a.lockout.Within {
		recent = recent[1:]
	}
	recent = append(recent, now)
	if len(recent) >= a.lockout.Failures {
		a.locked[email] = now.Add(a.lockout.For)
		recent = nil
	}
	a.failures[email] = recent
}
