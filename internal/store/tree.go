package store

import (
	"cmp"
	"slices"
)

// tree holds the records of a kind by ascending key, in chunks. It never changes: a change copies the chunk it falls in
// and the list of chunks, so it costs little among many records as well.
type tree struct{ chunks [][]entry } // none is empty

type entry struct {
	key    string
	record any
}

const chunkSize = 128

// search returns the last chunk that does not begin after key.
func (t tree) search(key string) []entry {
	after, found := slices.BinarySearchFunc(t.chunks, key, func(chunk []entry, key string) int {
		return cmp.Compare(chunk[0].key, key)
	})
	switch {
	case found:
		return t.chunks[after]
	case after > 0:
		return t.chunks[after-1]
	}
	return nil
}

// find returns the record, or nil if there is none.
func (t tree) find(key string) any {
	chunk := t.search(key)
	at, found := slices.BinarySearchFunc(chunk, key, func(e entry, key string) int { return cmp.Compare(e.key, key) })
	if !found {
		return nil
	}
	return chunk[at].record
}

func (t tree) records(yield func(any) bool) {
	for _, chunk := range t.chunks {
		for _, e := range chunk {
			if !yield(e.record) {
				return
			}
		}
	}
}

func (t tree) keys(yield func(string) bool) {
	for _, chunk := range t.chunks {
		for _, e := range chunk {
			if !yield(e.key) {
				return
			}
		}
	}
}

func (t tree) len() (n int) {
	for _, chunk := range t.chunks {
		n += len(chunk)
	}
	return n
}

// with returns the tree after changes, which are sorted by key.
func (t tree) with(changes []Change) tree {
	if len(changes) == 0 {
		return t
	}
	chunks := t.chunks
	if len(chunks) == 0 {
		chunks = [][]entry{nil}
	}
	next := tree{make([][]entry, 0, len(chunks)+1)}
	for i, chunk := range chunks {
		n := len(changes)
		if i+1 < len(chunks) {
			n, _ = slices.BinarySearchFunc(changes, chunks[i+1][0].key, func(c Change, key string) int { return cmp.Compare(c.Key, key) })
		}
		if n == 0 {
			next.chunks = append(next.chunks, chunk)
			continue
		}
		next.chunks = slices.AppendSeq(next.chunks, pieces(merge(chunk, changes[:n])))
		changes = changes[n:]
	}
	return next
}

// append returns the tree with an entry at its end. It is for trees that nobody else has yet.
func (t tree) append(e entry) tree {
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last]) == chunkSize {
		return tree{append(t.chunks, append(make([]entry, 0, chunkSize), e))}
	}
	t.chunks[last] = append(t.chunks[last], e)
	return t
}

// sorted returns a tree of the entries of t, which are in no order. Of those with the same key it has the first.
func (t tree) sorted() tree {
	all := slices.Concat(t.chunks...)
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	all = slices.CompactFunc(all, func(a, b entry) bool { return a.key == b.key })
	return tree{slices.Collect(pieces(all))}
}

func merge(chunk []entry, changes []Change) []entry {
	merged := make([]entry, 0, len(chunk)+len(changes))
	for _, c := range changes {
		at, found := slices.BinarySearchFunc(chunk, c.Key, func(e entry, key string) int { return cmp.Compare(e.key, key) })
		merged = append(merged, chunk[:at]...)
		if found {
			at++
		}
		chunk = chunk[at:]
		if c.record != nil {
			merged = append(merged, entry{c.Key, c.record})
		}
	}
	return append(merged, chunk...)
}

// pieces cuts entries into chunks of about the same length. Each has an array of its own: in one for all, records that have
// been replaced would stay as long as any other.
func pieces(entries []entry) func(yield func([]entry) bool) {
	n := max(1, (len(entries)+chunkSize-1)/chunkSize)
	return func(yield func([]entry) bool) {
		for chunk := range slices.Chunk(entries, max(1, (len(entries)+n-1)/n)) {
			if !yield(slices.Clone(chunk)) {
				return
			}
		}
	}
}
