package bolt

import (
	"errors"
	"fmt"
	"io"
)

// tree walks the pages of a file without mapping it: bbolt trusts what it maps, and ends the process over a page that
// points beyond the file. It goes on behind damage, for all that can still be read.
type tree struct {
	file     io.ReaderAt
	meta     meta
	seen     []bool            // pages, of those that the file has
	buffers  [][]byte          // a page for each depth
	buckets  map[string]uint64 // sequences of the root's
	problems []error
	newest   bool // the meta is of the last transaction
	listed   bool // the list of free pages is one

	// entry takes what is in a bucket of the root, by ascending key unless there is damage. Both are good for the call.
	entry func(bucket string, key, value []byte)
}

func (t *tree) report(format string, args ...any) {
	t.problems = append(t.problems, fmt.Errorf(format, args...))
}

// walkFile walks a file of a size. entry is called for all entries of its buckets.
func walkFile(file io.ReaderAt, size int64, entry func(bucket string, key, value []byte)) *tree {
	t := &tree{file: file, buckets: map[string]uint64{}, entry: entry}
	if size == 0 {
		t.report("the file is empty")
		return t
	}
	t.meta, t.problems = readMetas(file)
	t.newest = t.problems == nil
	if t.meta.pageSize == 0 {
		return t
	}
	pages := uint64(size / t.meta.pageSize) //nolint:gosec // positive
	if t.meta.high > pages {
		t.report("the file has %d bytes, its pages come to %d times %d", size, t.meta.high, t.meta.pageSize)
	}
	t.seen = make([]bool, min(t.meta.high, pages))
	t.walk(t.meta.root, 0, nil, nil, t.bucket)
	t.walkFreelist()
	return t
}

// bucket walks what lies in the root.
func (t *tree) bucket(depth int, root element) {
	name := string(root.key)
	inner := func(_ int, e element) {
		if e.flags != 0 {
			t.report("bucket %s: has a bucket within", name)
			return
		}
		t.entry(name, e.key, e.value)
	}
	if root.flags != 1 || len(root.value) < bucketHeader || name != metaBucket && name != recordsBucket {
		t.report("not a store of databases: the root has another entry")
		return
	}
	t.buckets[name] = u64(root.value[8:])
	switch {
	case u64(root.value) != 0:
		t.walk(u64(root.value), depth+1, nil, nil, inner)
	case len(root.value) < bucketHeader+pageHeader || u16(root.value[bucketHeader+8:]) != leafPage:
		t.report("bucket %s: is not readable", name)
	default:
		t.leaf(root.value[bucketHeader:], "bucket "+name, depth, nil, nil, inner)
	}
}

// walk calls visit for all entries below a page, whose keys are from first to before last, which may be nil.
func (t *tree) walk(id uint64, depth int, first, last []byte, visit func(int, element)) {
	page, err := t.page(id, depth)
	if err != nil {
		t.report("page %d: %w", id, err)
		return
	}
	name := fmt.Sprintf("page %d", id)
	switch u16(page[8:]) {
	case leafPage:
		t.leaf(page, name, depth, first, last, visit)
	case branchPage:
		t.branch(page, name, depth, first, last, visit)
	default:
		t.report("%s: is neither branch nor leaf", name)
	}
}

func (t *tree) leaf(page []byte, name string, depth int, first, last []byte, visit func(int, element)) {
	for _, e := range t.elements(page, name, first, last) {
		visit(depth, e)
	}
}

func (t *tree) branch(page []byte, name string, depth int, first, last []byte, visit func(int, element)) {
	all := t.elements(page, name, first, last)
	for i, e := range all {
		end := last
		if i+1 < len(all) {
			end = all[i+1].key
		}
		t.walk(e.child, depth+1, e.key, end, visit)
	}
}

// elements returns the elements of a page whose keys are from first to before last. Only a bucket without entries has
// none.
func (t *tree) elements(page []byte, name string, first, last []byte) []element {
	all, err := elements(page)
	if err != nil {
		t.report("%s: %w", name, err)
	}
	if len(all) == 0 && (first != nil || u16(page[8:]) == branchPage) {
		t.report("%s: has no elements", name)
	}
	if err := inOrder(all, first, last); err != nil {
		t.report("%s: %w", name, err)
	}
	return all
}

// page reads a page that nothing else refers to, and those behind it. What it returns is good until the next page of
// this depth.
func (t *tree) page(id uint64, depth int) ([]byte, error) {
	for len(t.buffers) <= depth {
		t.buffers = append(t.buffers, make([]byte, t.meta.pageSize))
	}
	page, err := t.read(id, t.buffers[depth])
	if err != nil {
		return nil, err
	}
	t.buffers[depth] = page[:cap(page)]
	for i := range uint64(len(page)) / uint64(t.meta.pageSize) { //nolint:gosec // positive
		if t.seen[id+i] {
			return nil, errors.New("is in two places")
		}
		t.seen[id+i] = true
	}
	return page, nil
}

// read reads a page and those behind it into a buffer that holds one at least, and grows with them.
func (t *tree) read(id uint64, buffer []byte) ([]byte, error) {
	pages := uint64(len(t.seen))
	if id < 2 || id >= pages {
		return nil, fmt.Errorf("is none of the file's, which are 2 to %d", pages)
	}
	page := buffer[:t.meta.pageSize]
	offset := int64(id) * t.meta.pageSize //nolint:gosec // within the file
	if _, err := t.file.ReadAt(page, offset); err != nil {
		return nil, err
	}
	behind := uint64(u32(page[12:]))
	switch {
	case u64(page) != id:
		return nil, fmt.Errorf("says that it is page %d", u64(page))
	case id+behind >= pages:
		return nil, fmt.Errorf("goes on beyond the file for %d pages", behind)
	case behind == 0:
		return page, nil
	}
	size := int64(behind+1) * t.meta.pageSize //nolint:gosec // within the file
	if int64(cap(page)) < size {
		page = make([]byte, size)
	}
	page = page[:size]
	_, err := t.file.ReadAt(page, offset)
	return page, err
}

// walkFreelist holds the list of free pages against those in use: bbolt writes upon the ones that the list names.
func (t *tree) walkFreelist() {
	page, err := t.page(t.meta.freelist, 0)
	if err != nil {
		t.report("the list of free pages: page %d: %w", t.meta.freelist, err)
		return
	}
	ids, count := page[pageHeader:], uint64(u16(page[10:]))
	if count == 0xFFFF {
		count, ids = u64(ids), ids[8:]
	}
	if u16(page[8:]) != freelistPage || count > uint64(len(ids)/8) {
		t.report("the list of free pages: page %d: is none", t.meta.freelist)
		return
	}
	t.listed = true
	for ; count > 0; count, ids = count-1, ids[8:] {
		free := u64(ids)
		if free < 2 || free >= t.meta.high || free < uint64(len(t.seen)) && t.seen[free] {
			t.report("the list of free pages: page %d: is not free", free)
		} else if free < uint64(len(t.seen)) {
			t.seen[free] = true
		}
	}
}

// lost reports the pages that are neither free nor in use. There may be records in them whose way has gone, which look
// visits.
func (t *tree) lost(visit func(int, element)) {
	for i := 2; i < len(t.seen); i++ {
		if t.seen[i] {
			continue
		}
		id := uint64(i)
		t.report("page %d: is neither free nor in use", id)
		page, err := t.page(id, 0)
		if err == nil && u16(page[8:]) == leafPage && visit != nil {
			t.leaf(page, fmt.Sprintf("page %d", id), 0, nil, nil, visit)
		}
	}
}
