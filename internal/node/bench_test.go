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
