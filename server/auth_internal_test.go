package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
)

// gate is an authenticator whose passwords are compared to their hashes as they are, and counted.
type gate struct {
	*authenticator
	t             *testing.T
	now           time.Time
	recorder      *eventtest.Recorder
	verifications int
}

const (
	home      = "192.0.2.1"
	elsewhere = "203.0.113.7"
)

func newGate(t *testing.T, kept Lockouts) *gate {
	t.Helper()
	g := &gate{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), recorder: eventtest.NewRecorder()}
	a, err := newAuthenticator(Config{
		Users:   []access.User{{Email: "user", PasswordHash: "right"}, {Email: "other", PasswordHash: "right"}},
		Lockout: access.Lockout{Failures: 3, Within: time.Minute, For: time.Hour}, Lockouts: kept,
		Now: func() time.Time { return g.now }, Events: g.recorder.Sink,
	})
	if err != nil {
		t.Fatal(err)
	}
	a.proves = func(password, hash string) bool {
		g.verifications++
		return password == hash
	}
	g.authenticator = a
	return g
}

func request(peer, authorization string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(event.WithIdentity(r.Context(), new(event.Identity)))
	r.RemoteAddr = peer + ":4711"
	r.Header.Set("Authorization", authorization)
	return r
}

// expect logs in, and checks the answer and the number of verifications that it costs.
func (g *gate) expect(peer, name, password string, want error, cost int) {
	g.t.Helper()
	g.expectHeader(peer, "Basic "+base64.StdEncoding.EncodeToString([]byte(name+":"+password)), name, want, cost)
}

func (g *gate) expectHeader(peer, authorization, name string, want error, cost int) {
	g.t.Helper()
	before := g.verifications
	user, err := g.authenticate(request(peer, authorization))
	if !errors.Is(err, want) || (err == nil) != (user.Email == name) || g.verifications-before != cost {
		g.t.Fatalf("%s from %s: %v as %q for %d verifications, want %v for %d", name, peer, err, user.Email, g.verifications-before, want, cost)
	}
}

// lockOut fails until the name is locked out.
func (g *gate) lockOut(name string) {
	g.t.Helper()
	for range 3 {
		g.expect(elsewhere, name, "wrong", errUnauthorized, 1)
	}
}

func TestProofs(t *testing.T) {
	g := newGate(t, "")
	g.expect(home, "user", "right", nil, 1)
	g.expect(home, "user", "right", nil, 0)
	g.expect(elsewhere, "user", "right", nil, 0)
	g.expectHeader(home, "bAsIc dXNlcjpyaWdodA==", "user", nil, 0)
	g.expect(home, "user", "wrong", errUnauthorized, 1)
	g.expect(home, "other", "right", nil, 1)
	if len(g.proofs) != 2 {
		t.Errorf("%d proofs of two users", len(g.proofs))
	}
	// The user is looked up each time, and the old password proves nothing about a new hash.
	g.users["user"] = access.User{Email: "user", PasswordHash: "new", Role: access.Admin}
	g.expect(home, "user", "right", errUnauthorized, 1)
	g.expect(home, "user", "new", nil, 1)
	g.users["user"] = access.User{Email: "user", PasswordHash: "new", Role: access.None}
	if user, err := g.authenticate(request(home, "Basic dXNlcjpuZXc=")); err != nil || user.Role != access.None {
		t.Fatalf("%v: still %s", err, user.Role)
	}
	delete(g.users, "user")
	g.expect(home, "user", "new", errUnauthorized, 1)
}

// TestNamesLookAlike locks out a user and a name that no user has: all that a client can see is the same.
func TestNamesLookAlike(t *testing.T) {
	g := newGate(t, Lockouts(filepath.Join(t.TempDir(), "lockouts")))
	for i, name := range []string{"user", "ghost"} {
		g.lockOut(name)
		for _, password := range []string{"wrong", "right"} {
			g.expect(home, name, password, errUnauthorized, 0)
		}
		want := event.LockedOut{Name: name, Peer: elsewhere, Until: g.now.Add(time.Hour), Count: i + 1}
		if got := eventtest.All[event.LockedOut](g.recorder); len(got) != i+1 || got[i] != want {
			t.Errorf("%+v", got)
		}
	}
	if refused := eventtest.All[event.LoginRefused](g.recorder); len(refused) != 10 || refused[0].Name != "user" || refused[9].Name != "ghost" {
		t.Errorf("%+v", refused)
	}
	if names, err := g.kept.List(g.now); err != nil || len(names) != 2 {
		t.Errorf("%v %v", names, err)
	}
	g.now = g.now.Add(time.Hour)
	g.expect(home, "ghost", "right", errUnauthorized, 1)
	g.expect(home, "user", "right", nil, 1)
}

func TestProvedPeersWorkThroughALockout(t *testing.T) {
	g := newGate(t, "")
	g.expect(home, "user", "right", nil, 1)
	g.lockOut("user")
	g.expect(home, "user", "right", nil, 0)
	g.expect(elsewhere, "user", "right", errUnauthorized, 0)
	g.expect(home, "user", "wrong", errUnauthorized, 0)
	g.users["user"] = access.User{Email: "user", PasswordHash: "new"}
	g.expect(home, "user", "right", errUnauthorized, 0) // the proof is of the old hash
}

// TestLockoutDuringVerification has the right password verified while the name is locked out: it is a wrong one.
func TestLockoutDuringVerification(t *testing.T) {
	g := newGate(t, "")
	g.proves = func(password, hash string) bool {
		g.attempts.lock("user", true, g.now.Add(time.Hour))
		return password == hash
	}
	g.expect(home, "user", "right", errUnauthorized, 0)
	if len(g.proofs) != 0 {
		t.Error("it is remembered")
	}
}

func TestLockoutsOutliveTheServer(t *testing.T) {
	kept := Lockouts(filepath.Join(t.TempDir(), "lockouts"))
	g := newGate(t, kept)
	g.lockOut("user")
	g.lockOut("ghost")
	for file, want := range map[string]os.FileMode{"": 0o700, fileOf("user"): 0o600} {
		if info, err := os.Stat(filepath.Join(string(kept), file)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", file, err, info.Mode())
		}
	}
	if err := os.WriteFile(filepath.Join(string(kept), "torn"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := newGate(t, kept)
	for _, name := range []string{"user", "ghost"} {
		again.expect(home, name, "right", errUnauthorized, 0)
	}
	later := newGate(t, kept)
	later.now = later.now.Add(time.Hour)
	later.expect(home, "user", "right", nil, 1)
}

func TestLockoutsEndFromOutside(t *testing.T) {
	kept := Lockouts(filepath.Join(t.TempDir(), "lockouts"))
	g := newGate(t, kept)
	for range 2 { // the second lock-out is as good as the first
		g.lockOut("user")
		g.expect(home, "user", "right", errUnauthorized, 0)
		if err := kept.End("user", g.now); err != nil {
			t.Fatal(err)
		}
	}
	g.expect(home, "user", "wrong", errUnauthorized, 1)
	g.expect(home, "user", "right", nil, 1)
	if err := kept.End("user", g.now); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := kept.End("../"+fileOf("user"), g.now); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

// TestLockoutThatCannotBeWritten holds all the same, and says so once.
func TestLockoutThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	g := newGate(t, Lockouts(filepath.Join(file, "lockouts")))
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"user", "ghost", "other"} {
		g.lockOut(name)
		g.expect(home, name, "right", errUnauthorized, 0)
	}
	if said := eventtest.All[event.LockoutNotKept](g.recorder); len(said) != 1 {
		t.Errorf("%+v", said)
	}
}

// TestStrangersDoNotPushOutUsers fills the tables with names that no user has.
func TestStrangersDoNotPushOutUsers(t *testing.T) {
	kept := Lockouts(filepath.Join(t.TempDir(), "lockouts"))
	g := newGate(t, kept)
	g.lockOut("user")
	g.expect(home, "other", "wrong", errUnauthorized, 1)
	for i := range maxFailing + 10 {
		g.fail(t.Context(), login{email: strconv.Itoa(i)}, false)
	}
	for i := range maxLocked + 10 {
		for range 3 {
			g.attempts.fail("locked"+strconv.Itoa(i), false, g.lockout, g.now)
		}
	}
	if got := len(g.attempts.all); got > maxFailing+maxLocked+2 {
		t.Errorf("%d names are remembered", got)
	}
	g.expect(home, "user", "right", errUnauthorized, 0)
	g.expect(home, "other", "wrong", errUnauthorized, 1)
	g.expect(home, "other", "wrong", errUnauthorized, 1)
	g.expect(home, "other", "right", errUnauthorized, 0)
}

func TestForgottenLockoutsLeaveNoFiles(t *testing.T) {
	kept := Lockouts(filepath.Join(t.TempDir(), "lockouts"))
	g := newGate(t, kept)
	g.lockOut("ghost")
	g.now = g.now.Add(time.Hour)
	g.expect(home, "ghost", "wrong", errUnauthorized, 1)
	if kept.has("ghost") {
		t.Error("the file of a lock-out that is over stays when the name is used again")
	}
	g.lockOut("first")
	for i := range maxLocked - 1 {
		for range 3 {
			g.attempts.fail(strconv.Itoa(i), false, g.lockout, g.now)
		}
	}
	if !kept.has("first") {
		t.Error("a lock-out has no file while there is room for it")
	}
	g.lockOut("last")
	if kept.has("first") || !kept.has("last") {
		t.Error("the oldest lock-out has made room, and its file has not")
	}
}

func TestTooManyLogins(t *testing.T) {
	g := newGate(t, "")
	g.verified.joined(t, home+":4711", false, g.verified.general+g.verified.reserved+maxWaitingOfConnection-1)
	g.expect(home, "user", "right", errTooManyRequests, 0)
	g.expect(elsewhere, "user", "", errUnauthorized, 0)
}

func TestPeersThatHaveProvedAPasswordHaveAReservedSlot(t *testing.T) {
	g := newGate(t, "")
	g.expect(home, "user", "right", nil, 1)
	g.verified.joined(t, "stranger", false, g.verified.general)
	g.expect(home, "other", "right", nil, 1)
	r := request(elsewhere, "Basic dXNlcjpyaWdodDI=")
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	if _, err := g.authenticate(r.WithContext(ctx)); !errors.Is(err, errTooManyRequests) || g.verifications != 2 {
		t.Errorf("a stranger has not waited: %v, %d verifications", err, g.verifications)
	}
}

// TestFailureDuringALockout has a wrong password verified while another one locks the name out: the lock-out stays, in
// the list and on disk.
func TestFailureDuringALockout(t *testing.T) {
	kept := Lockouts(filepath.Join(t.TempDir(), "lockouts"))
	for _, name := range []string{"user", "ghost"} {
		g := newGate(t, kept)
		g.proves = func(string, string) bool {
			g.proves = func(string, string) bool { return false }
			for range 3 {
				g.fail(t.Context(), login{email: name, peer: elsewhere}, name == "user")
			}
			return false
		}
		if _, err := g.authenticate(request(home, "Basic "+base64.StdEncoding.EncodeToString([]byte(name+":late")))); !errors.Is(err, errUnauthorized) {
			t.Fatal(err)
		}
		if !kept.has(name) {
			t.Errorf("%s: the lock-out has no file: a restart ends it", name)
		}
		newGate(t, kept).expect(home, name, "right", errUnauthorized, 0)
		if err := kept.End(name, g.now); err != nil {
			t.Errorf("%s: unlock: %v", name, err)
		}
		if g.lockedOut(name) {
			t.Errorf("%s: unlock has ended nothing", name)
		}
		if g.attempts.failing.Len() != 0 {
			t.Errorf("%s: a name that is locked out stands in the other list", name)
		}
	}
}
