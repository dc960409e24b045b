package store

import (
	"errors"
	"testing"
)

// kept returns how many commits a watch could begin before.
func (h *History) kept() (n Revision) {
	for {
		if _, _, err := h.after(h.last - n); errors.Is(err, ErrCompacted) {
			return n - 1
		}
		n++
	}
}

func TestHistoryIsBounded(t *testing.T) {
	rows := map[string]struct {
		bytes   int // in a commit
		commits Revision
		want    Revision
	}{
		"few":        {1, 10, 10},
		"many":       {1, keptCommits + 10, keptCommits},
		"large":      {keptBytes / 4, 10, 4},
		"very large": {keptBytes * 2, 10, 1},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			h := NewHistory(7)
			encoded := make([]byte, row.bytes)
			for n := range row.commits {
				h.Append(Commit{Revision: 8 + n, Changes: []Change{{Encoded: encoded}}})
			}
			if got := h.kept(); got != row.want {
				t.Errorf("%d commits are kept, want %d", got, row.want)
			}
		})
	}
}

// A store that goes on from what it finds on disk does not know what has led there.
func TestHistoryReset(t *testing.T) {
	h := NewHistory(0)
	h.Append(Commit{Revision: 1})
	h.Reset(1)
	if n := h.kept(); n != 1 {
		t.Errorf("%d commits are kept after a reset to what was there", n)
	}
	_, wait, err := h.after(1)
	if err != nil {
		t.Fatal(err)
	}
	h.Reset(3)
	<-wait
	for from := range Revision(5) {
		if _, _, err := h.after(from); errors.Is(err, ErrCompacted) != (from != 3) {
			t.Errorf("after %d: %v", from, err)
		}
	}
}
