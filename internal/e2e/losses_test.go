package e2e_test

import "testing"

// TestTargetRestarts: a target that dies in the middle of a load loses keys that it had acknowledged, and this one is back with
// those that it had before, once it has loaded them, which it does slowly. All are erased, and all of the import loaded again.
func TestTargetRestarts(t *testing.T) {
	t.Parallel()
	b := newBench(t, "--key-load-delay", "100000", "--loading-process-events-interval-bytes", "1024") // microseconds, for each key
	b.fill()
	b.do("SAVE")
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

// TestShutdown closes the node in the middle of a load. The import has failed when it is back, and has left nothing. A kill is in
// cmd/reimport, where there are processes.
func TestShutdown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	path, oracle := b.many(loadSize)
	b.held(path)
	if err := b.node.Close(); err != nil {
		t.Fatal(err)
	}
	b.relay.Release() // what is on its way arrives now, if it is let in
	b.open()
	b.failed("general-error")
	b.empty()
	b.succeeds(path)
	b.holds(oracle)
}
