package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestTree compares a tree with a map, through any sequence of changes, and the trees before with what they were.
func TestTree(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var now tree
		model := map[string]any{}
		for range rapid.IntRange(1, 6).Draw(r, "transactions") {
			before, was := now, maps.Clone(model)
			keys := rapid.SliceOfNDistinct(rapid.IntRange(0, 999), 0, 500, rapid.ID[int]).Draw(r, "keys")
			var changes []Change
			for i, n := range keys {
				c := Change{Key: fmt.Sprint(n), record: n}
				if model[c.Key] = c.record; i%3 == 0 {
					c.record = nil
					delete(model, c.Key)
				}
				changes = append(changes, c)
			}
			slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
			now = now.with(changes)
			same(r, now, model)
			same(r, before, was)
		}
	})
}

func same(r *rapid.T, have tree, want map[string]any) {
	var keys []string
	for _, chunk := range have.chunks {
		if len(chunk) == 0 || len(chunk) > chunkSize {
			r.Fatalf("a chunk has %d records", len(chunk))
		}
		for _, e := range chunk {
			keys = append(keys, e.key)
		}
	}
	if !slices.IsSorted(keys) || len(keys) != len(want) || have.len() != len(want) {
		r.Fatalf("keys %v, want %d", keys, len(want))
	}
	for n := range 1000 {
		if key := fmt.Sprint(n); have.find(key) != want[key] {
			r.Fatalf("%s: %v, want %v", key, have.find(key), want[key])
		}
	}
}
