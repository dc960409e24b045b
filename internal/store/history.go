package store

import (
	"context"
	"iter"
	"sync"
)

// Commit is one transaction that has changed something.
type Commit struct {
	Revision Revision
	Changes  []Change // by ascending kind and key
}

// Of reports whether c is about a record of kind k, and returns a copy of the record as it is now, nil if it has gone.
func (k *Kind[K, T]) Of(c Change) (*T, bool) {
	if c.Kind != k.name || c.record == nil {
		return nil, c.Kind == k.name
	}
	return k.clone(c.record.(*T)), true
}

// At returns a key as a Change has it.
func (k *Kind[K, T]) At(key K) string { return k.key(key) }

// What a History keeps at most. The newest commit stays whatever its size.
const (
	keptCommits = 4096
	keptBytes   = 16 << 20 // of records as they are at rest
)

// History keeps the newest commits for those who watch. Nobody who reads it holds up those who add to it. It is for
// implementations of Store.
type History struct {
	mu      sync.Mutex
	commits []kept        // oldest first, without a gap
	bytes   int           // of all commits
	last    Revision      // of the newest, kept or not
	changed chan struct{} // closed when there is more to see; nil if nobody waits
	closed  bool
}

type kept struct {
	Commit
	bytes int
}

// NewHistory returns a History that begins after a revision.
func NewHistory(last Revision) *History { return &History{last: last} }

// Append adds the commit that follows the last one.
func (h *History) Append(c Commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := kept{Commit: c}
	for i := range c.Changes {
		k.bytes += len(c.Changes[i].Key) + len(c.Changes[i].Encoded)
	}
	h.commits, h.bytes, h.last = append(h.commits, k), h.bytes+k.bytes, c.Revision
	for len(h.commits) > keptCommits || h.bytes > keptBytes && len(h.commits) > 1 {
		h.bytes -= h.commits[0].bytes
		h.commits[0] = kept{} // the array behind the slice lives on
		h.commits = h.commits[1:]
	}
	h.wake()
}

// Reset begins anew after a revision, if that is not the last one: what has led there is not known.
func (h *History) Reset(last Revision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if last == h.last {
		return
	}
	h.commits, h.bytes, h.last = nil, 0, last
	h.wake()
}

// Close ends all that watch.
func (h *History) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.wake()
}

func (h *History) wake() {
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// Watch implements Store.Watch.
func (h *History) Watch(ctx context.Context, from Revision) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		for {
			c, wait, err := h.after(from)
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			switch {
			case err != nil:
				yield(Commit{}, err)
				return
			case wait != nil:
				select {
				case <-wait:
				case <-ctx.Done():
				}
			case !yield(c, nil):
				return
			default:
				from = c.Revision
			}
		}
	}
}

// after returns the commit after a revision or, if that is yet to come, what is closed then.
func (h *History) after(from Revision) (Commit, <-chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.last - Revision(len(h.commits))
	switch {
	case from < first || from > h.last:
		return Commit{}, nil, ErrCompacted
	case from < h.last:
		return h.commits[from-first].Commit, nil, nil
	case h.closed:
		return Commit{}, nil, ErrClosed
	}
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return Commit{}, h.changed, nil
}
