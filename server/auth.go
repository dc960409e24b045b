package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/event"
)

// How many peers are remembered: that have proved any password, and that have proved one user's.
const (
	maxPeers       = 4096
	maxPeersOfUser = 256
)

// authenticator checks Basic credentials. bcrypt takes 60 ms on purpose; a password that it has accepted is remembered
// under a keyed hash, which costs a microsecond and is worth nothing to who reads it.
//
// Names that no user has are treated like those of users in all that a client can see: they are verified, counted and
// locked out.
type authenticator struct {
	lockout  access.Lockout
	kept     Lockouts
	now      func() time.Time
	events   event.Sink
	key      []byte
	nobody   string                           // the hash to compare passwords of names that no user has against
	proves   func(password, hash string) bool // access.Proves
	verified *verifications

	mu       sync.RWMutex
	users    map[string]access.User
	proofs   map[string]*proof // by email
	peers    peerSet           // that have proved a password
	attempts *attempts
	lockouts int  // since the start
	lost     bool // the last lock-out could not be written
}

// proofKey stands for a name and a password.
type proofKey [sha256.Size]byte

// proof is what is known of a user's password: who has the key has proved the hash. It is worth nothing once the user
// has another hash.
type proof struct {
	key   proofKey
	hash  string
	peers peerSet // the proof is good for them during a lock-out too
}

// peerSet is a bounded set of IP addresses.
type peerSet map[string]struct{}

func (s peerSet) add(peer string, most int) {
	if _, known := s[peer]; !known && len(s) >= most {
		for other := range s {
			delete(s, other)
			break
		}
	}
	s[peer] = struct{}{}
}

// login is what a request tries to log in with.
type login struct {
	email, password string
	key             proofKey
	connection      string // ip:port
	peer            string // ip
}

func newAuthenticator(cfg Config) (*authenticator, error) {
	a := &authenticator{
		lockout: cfg.Lockout, kept: cfg.Lockouts, now: cfg.Now, events: cfg.Events,
		key: make([]byte, sha256.Size), nobody: access.CommonHash(cfg.Users), proves: access.Proves, verified: newVerifications(cfg.Verifications),
		users: map[string]access.User{}, proofs: map[string]*proof{}, peers: peerSet{}, attempts: newAttempts(),
	}
	rand.Read(a.key)
	for _, u := range cfg.Users {
		a.users[u.Email] = u
		if password, known := cfg.Passwords[u.PasswordHash]; known {
			a.proofs[u.Email] = &proof{key: a.keyOf(u.Email, password), hash: u.PasswordHash, peers: peerSet{}}
		}
	}
	return a, a.restore()
}

// authenticate returns the user whose credentials the request carries. The error is errUnauthorized whatever is wrong
// with them.
func (a *authenticator) authenticate(r *http.Request) (access.User, error) {
	switch len(r.Header["Authorization"]) {
	case 0:
		return access.User{}, errUnauthorized
	case 1:
	default:
		return access.User{}, refuse(errParameter, "Authorization: expected one header")
	}
	email, password, ok := r.BasicAuth()
	if !ok {
		return access.User{}, errUnauthorized
	}
	l := login{email, password, a.keyOf(email, password), r.RemoteAddr, peerOf(r.RemoteAddr)}
	user, proved, known := a.remembered(l)
	if known {
		return user, nil
	}
	user, err := a.logIn(r.Context(), l, proved)
	if errors.Is(err, errUnauthorized) {
		a.events(r.Context(), event.LoginRefused{RequestID: event.IdentityOf(r.Context()).RequestID, Name: email, Peer: l.peer})
	}
	return user, err
}

// keyOf hashes name and password behind a secret. No client sees the result, so that does what an HMAC would, for half
// the time. A name with a NUL is refused before its key is used.
func (a *authenticator) keyOf(email, password string) proofKey {
	var buf [256]byte
	return sha256.Sum256(append(append(append(append(buf[:0], a.key...), email...), 0), password...))
}

func peerOf(connection string) string {
	if host, _, err := net.SplitHostPort(connection); err == nil {
		return host
	}
	return connection
}

// remembered returns the user if the password is proved already, and whether this peer is known to have done so.
func (a *authenticator) remembered(l login) (user access.User, proved, known bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	user = a.users[l.email]
	p := a.proofs[l.email]
	if p == nil || p.key != l.key || p.hash != user.PasswordHash {
		return access.User{}, false, false
	}
	_, known = p.peers[l.peer]
	return user, true, known
}

// logIn logs in a peer that has not proved this password before. Only a password that is not proved, of a name that is
// not locked out, costs a verification.
func (a *authenticator) logIn(ctx context.Context, l login, proved bool) (access.User, error) {
	if access.CheckEmail(l.email) != nil || access.CheckPassword(l.password) != nil || a.lockedOut(l.email) {
		return access.User{}, errUnauthorized
	}
	if !proved {
		a.mu.RLock()
		_, trusted := a.peers[l.peer]
		a.mu.RUnlock()
		if err := a.verified.do(ctx, l.connection, trusted, l.key, func() error { return a.verify(ctx, l) }); err != nil {
			return access.User{}, err
		}
	}
	return a.admit(l)
}

func (a *authenticator) verify(ctx context.Context, l login) error {
	if a.lockedOut(l.email) { // since it began to wait
		return errUnauthorized
	}
	a.mu.RLock()
	user, isUser := a.users[l.email]
	a.mu.RUnlock()
	hash := a.nobody
	if isUser {
		hash = user.PasswordHash
	}
	if a.proves(l.password, hash) && isUser {
		return a.succeed(l, hash)
	}
	a.fail(ctx, l, isUser)
	return errUnauthorized
}

// succeed remembers the proof. During a lock-out that began meanwhile the right password is a wrong one.
func (a *authenticator) succeed(l login, hash string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r := a.attempts.all[l.email]; r != nil {
		if r.Locked(a.now()) {
			return errUnauthorized
		}
		r.Clear()
	}
	a.proofs[l.email] = &proof{key: l.key, hash: hash, peers: peerSet{}}
	return nil
}

// admit notes that the peer has proved the password, and returns the user.
func (a *authenticator) admit(l login) (access.User, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	user, p := a.users[l.email], a.proofs[l.email]
	if p == nil || p.key != l.key || p.hash != user.PasswordHash {
		return access.User{}, errUnauthorized // the password has been changed meanwhile
	}
	p.peers.add(l.peer, maxPeersOfUser)
	a.peers.add(l.peer, maxPeers)
	return user, nil
}
