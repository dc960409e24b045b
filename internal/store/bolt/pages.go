package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// How bbolt lays out a file, in the byte order of the machine: pages of one size, some with more pages behind them that
// carry on. The first two are the meta pages, which successive transactions write in turn.
const (
	pageHeader    = 16 // id, kind, number of elements, number of pages behind it
	elementHeader = 16 // of an element: where it lies, counted from here, and how long it is
	bucketHeader  = 16 // root page, 0 if the page follows here, and sequence

	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10

	metaSize    = 64
	metaMagic   = 0xED0CDAED
	metaVersion = 2
	smallest    = 1 << 10 // size of a page, as far as bbolt looks for one
	largest     = 1 << 24
)

var (
	order = binary.NativeEndian
	u16   = order.Uint16
	u32   = order.Uint32
	u64   = order.Uint64
)

// meta is what a meta page says.
type meta struct {
	pageSize int64
	root     uint64 // page of the root bucket
	freelist uint64 // page
	high     uint64 // the pages of the file are below
	tx       uint64 // transaction that wrote it
}

// parseMeta reads a meta page. A crash does not leave one with a wrong checksum: it lies within one sector of a disk.
func parseMeta(page []byte, id uint64) (meta, error) {
	if len(page) < pageHeader+metaSize {
		return meta{}, io.ErrUnexpectedEOF
	}
	b := page[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	m := meta{int64(u32(b[8:])), u64(b[16:]), u64(b[32:]), u64(b[40:]), u64(b[48:])}
	switch {
	case u32(b) != metaMagic || u32(b[4:]) != metaVersion:
		return m, errors.New("not a meta page")
	case u64(b[metaSize-8:]) != sum.Sum64():
		return m, errors.New("its checksum is wrong")
	case u64(page) != id || u16(page[8:]) != metaPage || m.tx%2 != id:
		return m, errors.New("is in another's place")
	case m.pageSize < smallest || m.pageSize > largest || m.pageSize&(m.pageSize-1) != 0:
		return m, fmt.Errorf("pages of %d bytes", m.pageSize)
	}
	return m, nil
}

// readMetas returns the newest of the meta pages that can be read, and what is wrong with them. If both are sound, their
// transactions are successive.
func readMetas(file io.ReaderAt) (newest meta, problems []error) {
	first, err := metaAt(file, 0, 0)
	if err != nil {
		problems = append(problems, fmt.Errorf("page 0: %w", err))
	}
	second, err := secondMeta(file, first.pageSize, err == nil)
	if err != nil {
		problems = append(problems, fmt.Errorf("page 1: %w", err))
	}
	newest = second
	if second.pageSize == 0 || first.pageSize != 0 && first.tx > second.tx {
		newest = first
	}
	if problems == nil && max(first.tx, second.tx)-min(first.tx, second.tx) != 1 {
		problems = append(problems, errors.New("pages 0 and 1: not of successive transactions"))
	}
	return newest, problems
}

// secondMeta looks for the second meta page if the first does not say where it is.
func secondMeta(file io.ReaderAt, size int64, known bool) (m meta, err error) {
	if known {
		return metaAt(file, size, 1)
	}
	for size = smallest; size <= largest; size *= 2 {
		if m, err := metaAt(file, size, 1); err == nil && m.pageSize == size {
			return m, nil
		}
	}
	return metaAt(file, int64(os.Getpagesize()), 1)
}

// metaAt returns the zero meta with an error.
func metaAt(file io.ReaderAt, offset int64, id uint64) (meta, error) {
	var page [pageHeader + metaSize]byte
	if _, err := file.ReadAt(page[:], offset); err != nil {
		return meta{}, fmt.Errorf("ends too early: %w", err)
	}
	m, err := parseMeta(page[:], id)
	if err != nil {
		return meta{}, err
	}
	return m, nil
}

// element is an entry of a branch or of a leaf.
type element struct {
	key, value []byte
	child      uint64 // page of a branch's
	flags      uint32 // of a leaf's: 1 for a bucket
}

// elements returns what lies in a page, which is a branch or a leaf, and stops at the first that does not lie within.
func elements(page []byte) (all []element, err error) {
	count, branch := int(u16(page[10:])), u16(page[8:]) == branchPage
	end := pageHeader + count*elementHeader
	if end > len(page) {
		return nil, fmt.Errorf("has no room for %d elements", count)
	}
	all = make([]element, 0, count)
	for at := pageHeader; at < end; at += elementHeader {
		h := page[at : at+elementHeader]
		var e element
		var from, key, value uint64
		if branch {
			from, key, e.child = uint64(u32(h)), uint64(u32(h[4:])), u64(h[8:])
		} else {
			e.flags, from, key, value = u32(h), uint64(u32(h[4:])), uint64(u32(h[8:])), uint64(u32(h[12:]))
		}
		from += uint64(at)
		if from < uint64(end) || from+key+value > uint64(len(page)) {
			return all, fmt.Errorf("element %d does not lie within it", len(all))
		}
		e.key, e.value = page[from:from+key], page[from+key:from+key+value]
		all = append(all, e)
	}
	return all, nil
}

// inOrder returns an error unless the keys ascend, from first, which may be nil, to before last, which may be, too. bbolt
// finds a page in the branch above by the page's first key.
func inOrder(all []element, first, last []byte) error {
	for i, e := range all {
		if i == 0 && first != nil && !bytes.Equal(e.key, first) || i > 0 && bytes.Compare(e.key, all[i-1].key) <= 0 ||
			last != nil && bytes.Compare(e.key, last) >= 0 {
			return fmt.Errorf("element %d is not in its order", i)
		}
	}
	return nil
}
