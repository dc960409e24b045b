package store

import (
	"fmt"
	"maps"
	"slices"
)

// Image is all records at one revision, decoded. It never changes, nor does what it holds, so reads need no lock.
// Implementations of Store publish one after the other.
type Image struct {
	revision Revision
	trees    map[string]tree // by kind
}

// Change is what became of one record.
type Change struct {
	Kind, Key string
	Encoded   []byte // the record as it is at rest; nil if it has gone
	kind      kind
	record    any // a pointer to it, shared; nil if it has gone
}

// Revision returns the image's revision.
func (i *Image) Revision() Revision { return i.revision }

// View returns a transaction that reads the image.
func (i *Image) View() *Tx { return &Tx{image: i} }

// Begin returns a transaction upon the image, which stays as it is.
func (i *Image) Begin() *Tx { return &Tx{image: i, writable: true} }

// With returns the image after a transaction upon it, one revision later. The changes are as Tx.Changes returns them.
func (i *Image) With(changes []Change) *Image {
	next := &Image{i.revision + 1, maps.Clone(i.trees)}
	if next.trees == nil {
		next.trees = map[string]tree{}
	}
	for len(changes) > 0 {
		kind := changes[0].Kind
		n := slices.IndexFunc(changes, func(c Change) bool { return c.Kind != kind })
		if n < 0 {
			n = len(changes)
		}
		next.trees[kind] = next.trees[kind].with(changes[:n])
		changes = changes[n:]
	}
	return next
}

// Loader gathers the records at rest into an Image. Its zero value is ready for use.
type Loader struct{ kinds map[string]*loaded }

// loaded is the records of a kind that have been added.
type loaded struct {
	decode  func(encoded []byte) (key string, record any, err error)
	tree    tree
	last    string // key
	ordered bool
}

// Add decodes a record, and keeps nothing of encoded. It returns an error if that is none, or one with another key.
func (l *Loader) Add(name, key string, encoded []byte) error {
	of := l.kinds[name]
	if of == nil {
		k, err := kindNamed(name)
		if err != nil {
			return err
		}
		if l.kinds == nil {
			l.kinds = map[string]*loaded{}
		}
		of = &loaded{decode: k.decoder(), ordered: true}
		l.kinds[name] = of
	}
	own, record, err := of.decode(encoded)
	if err != nil {
		return err
	}
	if own != key {
		return fmt.Errorf("holds the %s %s", name, own)
	}
	of.tree = of.tree.append(entry{own, record})
	of.ordered, of.last = of.ordered && own > of.last, own
	return nil
}

// Image returns what was added, as it is at a revision.
func (l *Loader) Image(revision Revision) *Image {
	image := &Image{revision, map[string]tree{}}
	for name, of := range l.kinds {
		if !of.ordered {
			of.tree = of.tree.sorted()
		}
		image.trees[name] = of.tree
	}
	return image
}
