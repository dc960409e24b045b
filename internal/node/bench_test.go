package node_test

import (
	"testing"

	"github.com/reimport/reimport/internal/node"
)

// BenchmarkOpenMemory opens and closes a node with records in memory and a listener, as a test does, after the first one
// in the process.
func BenchmarkOpenMemory(b *testing.B) {
	cfg := node.Config{Listen: "127.0.0.1:0", Seed: cluster()}
	shut(b, open(b, cfg))
	for b.Loop() {
		shut(b, open(b, cfg))
	}
}

// BenchmarkReset puts a cluster back to its seed, as a test does between two cases.
func BenchmarkReset(b *testing.B) {
	n := open(b, node.Config{Seed: cluster(), Emulate: true})
	defer shut(b, n)
	for b.Loop() {
		if err := n.Reset(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
