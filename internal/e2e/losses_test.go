package e2e_test

import (
	"testing"

	"github.com/reimport/reimport/gen/api"
)

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
