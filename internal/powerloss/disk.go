package powerloss

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Disk is a model of a directory: what of it outlives a loss of power for sure, and what was done to it since. A file's
// content becomes durable by a sync of the file, its name by a sync of the directory.
type Disk struct {
	root    *node
	pending []*op
	files   map[int64]*file // by descriptor, of the process that is replayed
	said    strings.Builder
}

type node struct {
	content []byte           // of a file; durable
	names   map[string]*node // of a directory, nil for a file; durable
	now     map[string]*node // with all that is pending
	size    int64            // with all that is pending
}

// file is an open file, or a directory.
type file struct {
	*node
	path string
	at   int64 // where the next write goes
}

// op is a change that is not synced. The disk may do it or not, and do a write by sectors; it does one name's change, or
// that of two by a rename, as a whole.
type op struct {
	*node
	names  map[string]*node // what becomes of names; nil for one that goes
	resize func(size int64) int64
	offset int64
	data   []byte
	by     *call          // nil once it has ended
	failed bool           // a sync of it failed, and no other will try again
	gone   map[int64]bool // sectors of such a one that were written anew
}

const sector = 512

// Load returns the model of a directory all of which is durable.
func Load(dir string) (*Disk, error) {
	root, err := load(dir)
	return &Disk{root: root}, err
}

func load(dir string) (*node, error) {
	entries, err := os.ReadDir(dir)
	n := &node{names: map[string]*node{}}
	for _, entry := range entries {
		path, in := filepath.Join(dir, entry.Name()), new(node)
		var more error
		if entry.IsDir() {
			in, more = load(path)
		} else if in.content, more = os.ReadFile(path); more == nil {
			in.size = int64(len(in.content))
		}
		n.names[entry.Name()] = in
		err = errors.Join(err, more)
	}
	n.now = maps.Clone(n.names)
	return n, err
}

// Said returns what the process has said on its standard output up to now.
func (d *Disk) Said() string { return d.said.String() }

// Replay does what was recorded, in a process of its own. It calls loss before each sync comes to be, and at the end:
// what is pending then holds all that was pending at the moments before. It ends early if loss returns false.
func (d *Disk) Replay(r *Recording, loss func() bool) error {
	d.files = map[int64]*file{}
	for _, o := range d.pending {
		o.by = nil // if the process before was killed
	}
	syncing := map[*call][]*op{}
	for _, e := range r.events {
		if e.sync() {
			switch f := d.files[e.number(0)]; {
			case f == nil:
			case !e.end:
				syncing[e.call] = d.doneOf(f.node)
			case !loss():
				return nil
			case e.result == 0:
				d.settle(f.node, syncing[e.call])
			default:
				for _, o := range syncing[e.call] {
					o.failed = true
				}
			}
			continue
		}
		if err := d.do(r, e); err != nil {
			return fmt.Errorf("%s(%.100q): %w", e.name, e.args, err)
		}
	}
	loss()
	return nil
}

func (d *Disk) doneOf(n *node) []*op {
	return slices.DeleteFunc(slices.Clone(d.pending), func(o *op) bool { return o.node != n || o.by != nil || o.failed })
}

// settle makes changes durable.
func (d *Disk) settle(n *node, done []*op) {
	v := view{}
	for _, o := range done {
		v.apply(o, nil)
		for _, old := range d.pending {
			if old.failed && old.node == n {
				old.lose(o.offset, int64(len(o.data)))
			}
		}
	}
	n.content, n.names = v.content(n), v.names(n)
	d.pending = slices.DeleteFunc(d.pending, func(o *op) bool { return slices.Contains(done, o) })
}

// lose forgets what a later write has replaced.
func (o *op) lose(offset, size int64) {
	if o.gone == nil {
		o.gone = map[int64]bool{}
	}
	for s := offset / sector; s*sector < offset+size; s++ {
		o.gone[s] = true
	}
}

func (d *Disk) do(r *Recording, e event) error {
	switch {
	case e.ended && e.result < 0:
		return nil
	case e.name == "write" || e.name == "pwrite64":
		return d.write(e)
	case e.name == "close":
		if !e.end { // another thread may get the number before the call ends
			delete(d.files, e.number(0))
		}
		return nil
	case !e.end:
		return nil
	case e.name == "ftruncate":
		if f := d.files[e.number(0)]; f != nil {
			f.size = e.number(1)
			d.change(&op{node: f.node, resize: func(int64) int64 { return e.number(1) }})
		}
		return nil
	}
	return d.doName(r, e)
}

// doName does a call that is about a name.
func (d *Disk) doName(r *Recording, e event) error {
	dir, name := d.find(r, e.number(0), e.args[1])
	if dir == nil {
		return nil
	}
	switch e.name {
	case "openat":
		return d.open(e, dir, name, d.path(e.number(0), e.args[1]))
	case "mkdirat":
		d.rename(dir, map[string]*node{name: {names: map[string]*node{}, now: map[string]*node{}}})
	case "unlinkat":
		d.rename(dir, map[string]*node{name: nil})
	case "renameat", "renameat2":
		to, newName := d.find(r, e.number(2), e.args[3])
		if to != dir {
			return errors.New("not in the model: a move to another directory")
		}
		d.rename(dir, map[string]*node{newName: dir.now[name], name: nil})
	}
	return nil
}

func (d *Disk) path(at int64, path string) string {
	if f := d.files[at]; f != nil && !filepath.IsAbs(path) {
		return filepath.Join(f.path, path)
	}
	return path
}

// find returns the directory that has, or may have, a name; nil if that is not in the model.
func (d *Disk) find(r *Recording, at int64, path string) (dir *node, name string) {
	rel := r.below(d.path(at, path))
	if rel == "" {
		return nil, ""
	}
	dir = d.root
	steps := strings.Split(rel, "/")
	for _, step := range steps[:len(steps)-1] {
		if dir = dir.now[step]; dir == nil {
			return nil, ""
		}
	}
	return dir, steps[len(steps)-1]
}

func (d *Disk) change(o *op) { d.pending = append(d.pending, o) }

func (d *Disk) rename(dir *node, names map[string]*node) {
	d.change(&op{node: dir, names: names})
	change(dir.now, names)
}

func change(names, by map[string]*node) {
	for name, to := range by {
		if names[name] = to; to == nil {
			delete(names, name)
		}
	}
}

func (d *Disk) open(e event, dir *node, name, path string) error {
	n := dir.now[name]
	if name == "." {
		n = dir
	}
	if n == nil {
		if !strings.Contains(e.args[2], "O_CREAT") {
			return fs.ErrNotExist
		}
		n = &node{}
		d.rename(dir, map[string]*node{name: n})
	}
	f := &file{node: n, path: path}
	if strings.Contains(e.args[2], "O_TRUNC") && n.size > 0 {
		d.change(&op{node: n, resize: func(int64) int64 { return 0 }})
		n.size = 0
	}
	if strings.Contains(e.args[2], "O_APPEND") {
		f.at = n.size
	}
	d.files[e.result] = f
	return nil
}

// write notes a write when it begins, as part of it may be on disk before it ends. One that makes the file longer is two
// changes: the length may come to the disk without the data, and then there are zeros.
func (d *Disk) write(e event) error {
	n, data := e.number(0), []byte(e.args[1])
	if e.ended && e.result < int64(len(data)) {
		data = data[:e.result]
	}
	f := d.files[n]
	switch {
	case f == nil && n == 1 && !e.end:
		d.said.Write(data)
		return nil
	case f == nil:
		return nil
	case e.end:
		for _, o := range d.pending {
			if o.by == e.call {
				o.by = nil
			}
		}
		return nil
	}
	at := f.at
	if e.name == "pwrite64" {
		at = e.number(3)
	} else {
		f.at += int64(len(data))
	}
	if end := at + int64(len(data)); end > f.size {
		f.size = end
		d.change(&op{node: f.node, resize: func(size int64) int64 { return max(size, end) }, by: e.call})
	}
	d.change(&op{node: f.node, offset: at, data: data, by: e.call})
	return nil
}

// Equal returns an error unless a directory is as it should be after what was replayed: there may be calls that the model
// does not know.
func (d *Disk) Equal(dir string) error {
	real, err := Load(dir)
	if err != nil {
		return err
	}
	have, want := d.Now(), real.Now()
	for path := range want {
		if _, found := have[path]; !found {
			return fmt.Errorf("%s is not in the model", path)
		}
	}
	for path := range have {
		if content, found := want[path]; !found || !bytes.Equal(content, have[path]) {
			return fmt.Errorf("%s is other than in the model", path)
		}
	}
	return nil
}
