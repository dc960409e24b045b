package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// queue is a verifications with one general slot, and a reserved one for trusted peers.
func queue() *verifications {
	return newVerifications(1)
}

func key(name string, n int) proofKey {
	var k proofKey
	copy(k[:], fmt.Sprint(name, n))
	return k
}

// mayRun reports whether it is this verification's turn.
func (v *verification) mayRun() bool { return len(v.turn) == 1 }

func (v *verification) ended() bool {
	select {
	case <-v.done:
		return true
	default:
		return false
	}
}

// joined adds n verifications of a connection.
func (q *verifications) joined(t *testing.T, connection string, trusted bool, n int) []*verification {
	t.Helper()
	all := make([]*verification, n)
	for i := range all {
		if all[i], _ = q.join(connection, trusted, key(connection, i)); all[i] == nil {
			t.Fatalf("no room for %s %d", connection, i)
		}
	}
	return all
}

// workAll runs verifications as their turns come, until none of them has one.
func (q *verifications) workAll(all []*verification) {
	for ran := true; ran; {
		ran = false
		for _, v := range all {
			if v.mayRun() {
				q.work(v)
				ran = true
			}
		}
	}
}

func (q *verifications) work(v *verification) {
	<-v.turn
	q.run(v, func() error { return nil })
}

// empty checks that nothing is left, and that all slots are free.
func (q *verifications) empty(t *testing.T) {
	t.Helper()
	if q.general != 1 || q.reserved != 1 || q.waiting != 0 || len(q.connections) != 0 || len(q.pending) != 0 {
		t.Errorf("left behind: %+v", q)
	}
}

func TestFreshConnectionsGoFirst(t *testing.T) {
	q := queue()
	attacker := q.joined(t, "attacker", false, 4)
	q.work(attacker[0])
	good := q.joined(t, "good", false, 2)
	for _, next := range []*verification{attacker[1], good[0], good[1], attacker[2], attacker[3]} {
		if !next.mayRun() {
			t.Fatalf("not the turn of %s", next.key)
		}
		q.work(next)
	}
	q.empty(t)
}

func TestReservedSlot(t *testing.T) {
	q := queue()
	strangers := q.joined(t, "stranger", false, 2)
	known := q.joined(t, "known", true, 2)
	if !strangers[0].mayRun() || strangers[1].mayRun() || !known[0].mayRun() || known[1].mayRun() {
		t.Fatal("a stranger has the reserved slot, or a peer that is known waits for one")
	}
	q.work(known[0])
	if strangers[1].mayRun() || !known[1].mayRun() {
		t.Fatal("the reserved slot went to a stranger")
	}
	q.work(known[1])
	q.work(strangers[0])
	q.work(strangers[1])
	q.empty(t)
	// It is not there for hundreds of logins from the same address.
	q.general = 0
	many := q.joined(t, "many", true, 1+reservedTurns)
	for _, v := range many[:reservedTurns] {
		q.work(v)
	}
	if many[reservedTurns].mayRun() {
		t.Fatal("the reserved slot is taken for good")
	}
	q.leave(many[reservedTurns])
	q.general = 1
	q.empty(t)
}

// TestBoundOfAWait turns away who has waited too long, and forgets the verification.
func TestBoundOfAWait(t *testing.T) {
	q := queue()
	running := q.joined(t, "a", false, 1)
	q.patience = 0
	if err := q.do(t.Context(), "b", false, key("b", 0), nil); !errors.Is(err, errTooManyRequests) {
		t.Fatal(err)
	}
	q.work(running[0])
	q.empty(t)
}

func TestBoundOfAConnection(t *testing.T) {
	q := queue()
	all := q.joined(t, "attacker", false, 1+maxWaitingOfConnection)
	if v, _ := q.join("attacker", false, all[3].key); v != all[3] {
		t.Fatal("the same credentials are not shared when the connection has too many")
	}
	another := key("attacker", 1000)
	q.hold = time.Hour
	for range maxRefusals {
		if err := q.do(t.Context(), "attacker", false, another, nil); !errors.Is(err, errTooManyRequests) {
			t.Fatal(err)
		}
	}
	// More are held, until that time is over or the request is.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.do(ctx, "attacker", false, another, nil); !errors.Is(err, errTooManyRequests) {
		t.Fatal(err)
	}
	q.hold = 0
	if err := q.do(t.Context(), "attacker", false, another, nil); !errors.Is(err, errTooManyRequests) {
		t.Fatal(err)
	}
	for _, v := range all {
		q.work(v)
	}
	q.empty(t)
}

func TestHeaviestConnectionMakesRoom(t *testing.T) {
	q := queue()
	var all []*verification
	all = append(all, q.joined(t, "running", false, 1)...)
	heavy := q.joined(t, "heavy", false, 4)
	all = append(all, heavy...)
	for i := len(heavy); i < maxWaiting; i += 2 {
		all = append(all, q.joined(t, fmt.Sprint("light", i), false, 2)...)
	}
	newest := []*verification{heavy[3], heavy[2]}
	for i, out := range newest {
		newcomer := q.joined(t, fmt.Sprint("newcomer", i), false, 1)
		if !out.ended() || !errors.Is(out.err, errTooManyRequests) {
			t.Fatalf("%d: the newest of the heaviest stays: %v", i, out.err)
		}
		all = append(all, newcomer...)
	}
	// Now the heaviest have two. Whoever asks for a second gains nothing by another's loss.
	if v, _ := q.join("newcomer0", false, key("second", 0)); v != nil || q.waiting != maxWaiting {
		t.Fatalf("%d wait", q.waiting)
	}
	q.workAll(all)
	q.empty(t)
}

func TestWaiterLeaves(t *testing.T) {
	q := queue()
	running := q.joined(t, "a", false, 1)[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.do(ctx, "b", false, key("b", 0), nil); !errors.Is(err, errTooManyRequests) {
		t.Fatal(err)
	}
	if q.waiting != 0 || len(q.pending) != 1 {
		t.Fatal("who has gone still waits")
	}
	// One whose turn has come and who leaves hands it on.
	next := q.joined(t, "c", false, 1)[0]
	q.leave(running)
	if !next.mayRun() {
		t.Fatal("the slot is lost")
	}
	// One of two who leaves changes nothing for the other.
	q.join("d", false, next.key)
	q.leave(next)
	q.work(next)
	q.empty(t)
}

func TestSameCredentialsShareAVerification(t *testing.T) {
	q := queue()
	blocked := q.joined(t, "other", false, 1)[0]
	var ran sync.Mutex // locked by the one that runs
	refused := errors.New("refused")
	var done sync.WaitGroup
	for i := range 50 {
		v, _ := q.join(fmt.Sprint("connection", i%5), false, key("shared", 0))
		done.Go(func() {
			err := q.await(t.Context(), v, func() error {
				if !ran.TryLock() {
					t.Error("it ran twice")
				}
				return refused
			})
			if !errors.Is(err, refused) {
				t.Error(err)
			}
		})
	}
	q.work(blocked)
	done.Wait()
	q.empty(t)
}

func TestPanicIsNoSuccess(t *testing.T) {
	q := queue()
	v := q.joined(t, "a", false, 1)[0]
	q.join("b", false, v.key)
	<-v.turn
	func() {
		defer func() { recover() }()
		q.run(v, func() error { panic("bcrypt") })
	}()
	if !v.ended() || !errors.Is(v.err, errUnauthorized) {
		t.Fatal(v.err)
	}
	q.empty(t)
}

// TestVerificationsAddUp does at random what callers can do, and checks after each step that slots and counts add up.
func TestVerificationsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	q := queue()
	var live []*verification // one entry a waiter
	for step := range 20000 {
		switch action := random.IntN(10); {
		case action < 6:
			connection := fmt.Sprint(random.IntN(20))
			if v, _ := q.join(connection, connection < "3", key("", random.IntN(300))); v != nil {
				live = append(live, v)
			}
		case len(live) > 0:
			i := random.IntN(len(live))
			v := live[i]
			switch {
			case v.ended() || action == 9:
				q.leave(v)
				live[i] = live[len(live)-1]
				live = live[:len(live)-1]
			case v.mayRun():
				q.work(v)
			}
		}
		waiting, running := 0, 0
		for _, c := range q.connections {
			waiting, running = waiting+len(c.waiting), running+c.running
		}
		if waiting != q.waiting || waiting+running != len(q.pending) || running+q.general+q.reserved != 2 || waiting > maxWaiting || waiting > 0 && q.general > 0 {
			t.Fatalf("step %d: %d wait, %d run: %+v", step, waiting, running, q)
		}
	}
	for _, v := range live {
		q.leave(v)
	}
	q.empty(t)
}

// TestTrustedPeersAreLetIn fills the queue with connections of one verification each, which nobody could be fairer to
// than to turn away: a peer that has proved a password is let in all the same, and its reserved slot is there for it.
func TestTrustedPeersAreLetIn(t *testing.T) {
	q := queue()
	all := q.joined(t, "running", false, 1)
	for i := range maxWaiting {
		all = append(all, q.joined(t, fmt.Sprint("stranger", i), false, 1)...)
	}
	if v, _ := q.join("another", false, key("another", 0)); v != nil {
		t.Fatal("there is room for a stranger")
	}
	// As many as may have the reserved slot are let in, and then the peer is like any other.
	known := q.joined(t, "known", true, reservedTurns)
	if !known[0].mayRun() {
		t.Fatal("a peer that is known does not have the reserved slot")
	}
	all = append(all, known...)
	if v, _ := q.join("known", true, key("known", 100)); v != nil {
		t.Fatal("there is room for hundreds")
	}
	q.workAll(all)
	q.empty(t)
}
