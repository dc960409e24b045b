package powerloss

import (
	"errors"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// State is what a directory holds: the content of its files by their path, and nil for a directory, whose path ends in a
// slash.
type State map[string][]byte

// Write makes dir, which is emptied, hold the state.
func (s State) Write(dir string) error {
	err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700))
	for _, path := range slices.Sorted(maps.Keys(s)) {
		if at := filepath.Join(dir, path); strings.HasSuffix(path, "/") {
			err = errors.Join(err, os.Mkdir(at, 0o700))
		} else {
			err = errors.Join(err, os.WriteFile(at, s[path], 0o600))
		}
	}
	return err
}

// view is files and directories as they would be after some of the changes.
type view map[*node]*node

func (v view) of(n *node) *node {
	if v[n] == nil {
		v[n] = &node{content: slices.Clone(n.content), names: maps.Clone(n.names)}
	}
	return v[n]
}

func (v view) content(n *node) []byte {
	if v[n] != nil {
		return v[n].content
	}
	return n.content
}

func (v view) names(n *node) map[string]*node {
	if v[n] != nil {
		return v[n].names
	}
	return n.names
}

// apply does a change, and of a write only the sectors that has reports, if it is not nil.
func (v view) apply(o *op, has func(sector int64) bool) {
	n := v.of(o.node)
	switch {
	case o.names != nil:
		change(n.names, o.names)
	case o.resize != nil:
		size := o.resize(int64(len(n.content)))
		n.content = append(n.content, make([]byte, max(0, size-int64(len(n.content))))...)[:size]
	}
	for from := o.offset; from < o.offset+int64(len(o.data)); {
		to := min(from-from%sector+sector, o.offset+int64(len(o.data)))
		if from < int64(len(n.content)) && !o.gone[from/sector] && (has == nil || has(from/sector)) {
			copy(n.content[from:], o.data[from-o.offset:to-o.offset])
		}
		from = to
	}
}

func (v view) state(root *node) State {
	s := State{}
	v.add(s, "", root)
	return s
}

func (v view) add(s State, path string, n *node) {
	if n.names == nil {
		s[path] = v.content(n)
		return
	}
	if path != "" {
		path += "/"
		s[path] = nil
	}
	for name, in := range v.names(n) {
		v.add(s, path+name, in)
	}
}

// Now returns what a process sees, and what is left if the process is killed.
func (d *Disk) Now() State { return d.with(func(int) bool { return true }, nil) }

// with returns the state with some of what is pending.
func (d *Disk) with(has func(change int) bool, sector func(int64) bool) State {
	v := view{}
	for i, o := range d.pending {
		if has(i) {
			v.apply(o, sector)
		}
	}
	return v.state(d.root)
}

// Losses yields what may be left if the power fails now: all subsets of what is pending if they are no more than limit,
// else none, all, and others by chance; and then as many in which writes are torn.
func (d *Disk) Losses(r *rand.Rand, limit int) iter.Seq[State] {
	return func(yield func(State) bool) {
		n := 0
		for has := range subsets(r, len(d.pending), limit) {
			if !yield(d.with(has, nil)) {
				return
			}
			n++
		}
		if !slices.ContainsFunc(d.pending, func(o *op) bool { return len(o.data) > sector }) {
			return
		}
		for range n {
			if !yield(d.with(anySubset(r, len(d.pending)), func(int64) bool { return r.IntN(2) == 0 })) {
				return
			}
		}
	}
}

func subsets(r *rand.Rand, n, limit int) iter.Seq[func(int) bool] {
	return func(yield func(func(int) bool) bool) {
		all := n < 16 && 1<<n <= limit
		count := limit
		if all {
			count = 1 << n
		}
		for k := range count {
			has := func(i int) bool { return k>>i&1 == 1 }
			switch {
			case all:
			case k < 2:
				has = func(int) bool { return k == 1 }
			default:
				has = anySubset(r, n)
			}
			if !yield(has) {
				return
			}
		}
	}
}

// anySubset prefers those that are likely to find a fault: a first part, one change alone, or all but one.
func anySubset(r *rand.Rand, n int) func(int) bool {
	k, likely := r.IntN(n), r.Float64()
	return []func(int) bool{
		func(i int) bool { return i <= k },
		func(i int) bool { return i == k },
		func(i int) bool { return i != k },
		func(int) bool { return r.Float64() < likely },
	}[r.IntN(4)]
}
