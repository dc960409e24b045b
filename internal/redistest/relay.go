package redistest

import (
	"math"
	"net"
	"sync"
	"testing"
)

// Relay passes on what it is sent to a Redis, and the answers back. It can stop at a byte, which makes faults hit an import in
// the middle of its load whatever the speed of the machine.
type Relay struct {
	Addr   string // where it listens
	target string

	mu    sync.Mutex
	moved *sync.Cond       // whenever left or epoch changes
	left  int64            // bytes that may still be sent
	held  chan struct{}    // closed when left is 0
	epoch int              // of the connections that may go on
	conns map[net.Conn]int // with their epochs
	ended sync.WaitGroup
}

// NewRelay returns a Relay to the target, an address, which lasts as long as the test.
func NewRelay(t testing.TB, target string) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{Addr: l.Addr().String(), target: target, left: math.MaxInt64, held: make(chan struct{}), conns: make(map[net.Conn]int)}
	r.moved = sync.NewCond(&r.mu)
	r.ended.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.ended.Go(func() { r.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.Cut(0)
		r.ended.Wait()
	})
	return r
}

func (r *Relay) serve(from net.Conn) {
	to, err := net.Dial("tcp", r.target)
	if err != nil {
		_ = from.Close()
		return
	}
	r.mu.Lock()
	epoch, free := r.epoch, r.left == 0
	r.conns[from], r.conns[to] = epoch, epoch
	r.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() {
		pass(from, to, func(n int) int { return n })
		_ = from.Close()
	})
	pass(to, from, func(n int) int {
		if free {
			return n
		}
		return r.take(epoch, n)
	})
	_ = to.Close()
	back.Wait()
	r.mu.Lock()
	delete(r.conns, from)
	delete(r.conns, to)
	r.mu.Unlock()
}

// pass copies as many bytes at a time as may says, until it says 0.
func pass(to, from net.Conn, may func(n int) int) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			n := may(len(rest))
			if _, err := to.Write(rest[:n]); n == 0 || err != nil {
				return
			}
			rest = rest[n:]
		}
		if err != nil {
			return
		}
	}
}

// take returns how many of n bytes a connection may send now, at least one; 0 if it is cut.
func (r *Relay) take(epoch, n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.left == 0 && r.epoch == epoch {
		r.moved.Wait()
	}
	if r.epoch != epoch {
		return 0
	}
	taken := min(int64(n), r.left)
	if r.left -= taken; r.left == 0 {
		close(r.held)
	}
	return int(taken)
}

// HoldAfter has the relay stop when it has sent n bytes more, until Release or Cut. The channel is closed when it has.
// Connections that are made after that are free.
func (r *Relay) HoldAfter(n int64) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arm(n)
}

func (r *Relay) arm(n int64) <-chan struct{} {
	r.left, r.held = n, make(chan struct{})
	r.moved.Broadcast()
	return r.held
}

// Release lets all through again.
func (r *Relay) Release() { r.HoldAfter(math.MaxInt64) }

// Cut ends all connections. The ones that come after may send n bytes in all, as after HoldAfter, or all for 0.
func (r *Relay) Cut(n int64) <-chan struct{} {
	if n == 0 {
		n = math.MaxInt64
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.arm(n)
	r.epoch++
	for c, epoch := range r.conns {
		if epoch != r.epoch {
			_ = c.Close()
		}
	}
	return held
}
