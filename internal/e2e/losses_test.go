package e2e_test

import (
	"testing"

	"github.com/reimport/reimport/gen/api"
)

// TestTargetRestarts: a target that dies in the middle of a load loses keys that it had acknowledged, so all are loaded again.
func TestTargetRestarts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, oracle := b.many(loadSize)
	b.held(path)
	b.target.Kill()
	b.relay.Release()
	b.target.Restart()
	b.succeeded()
	b.holds(oracle)
}

// TestConnectionLost: a load goes on from the start after a lost connection, and gives up after the third.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, oracle := b.many(loadSize)
	b.held(path)
	b.relay.Cut(0)
	b.succeeded()
	b.holds(oracle)

	b.held(path)
	for range 3 {
		b.waitFor(b.relay.Cut(600_000))
	}
	b.relay.Cut(0)
	b.failed("general-error")
	b.empty()
}

// TestShutdown in the middle of a load: the import has failed when the node is back, and has left nothing.
func TestShutdown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, oracle := b.many(loadSize)
	b.held(path)
	if err := b.node.Close(); err != nil {
		t.Fatal(err)
	}
	b.relay.Cut(0)
	b.open()
	b.failed("general-error")
	b.empty()
	b.succeeds(path)
	b.holds(oracle)
}

// TestKill is TestShutdown of a node that is killed.
func TestKill(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, oracle := b.many(loadSize)
	b.held(path)
	if err := b.node.Kill(); err != nil {
		t.Fatal(err)
	}
	b.relay.Cut(0)
	b.open()
	state := b.end()
	if state.Status != api.ImportStatusFailed || state.FailureReason != "general-error" {
		t.Errorf("got %+v", state)
	}
	b.empty()
	b.succeeds(path)
	b.holds(oracle)
}
