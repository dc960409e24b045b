package rdb

import "encoding/binary"

// layout is how a collection is laid out that is kept in one string, a blob.
type layout byte

const (
	blobListpack layout = iota
	blobZiplist
	blobIntset
	blobZipmap
)

func (l layout) String() string {
	return [...]string{"listpack", "ziplist", "intset", "zipmap"}[l]
}

func layoutOf(t Type) layout {
	switch t {
	case TypeHashZipmap:
		return blobZipmap
	case TypeListZiplist, TypeZSetZiplist, TypeHashZiplist:
		return blobZiplist
	case TypeSetIntset:
		return blobIntset
	}
	return blobListpack
}

// blobHead is how many bytes of a blob have all that is looked at of its front.
const blobHead = 8

// emptyListpack is the size of a listpack without elements: its size in 4 bytes, their number in 2, an end byte.
const emptyListpack = 7

// blobEnd is the last byte of all layouts but the intset.
const blobEnd = 0xFF

// fits tells whether a blob of size bytes is as long as it says itself, and ends where it ends. Redis refuses others, too,
// whatever its sanitize-dump-payload (lpValidateIntegrity and its like). head has the first blobHead bytes or all.
func (l layout) fits(head []byte, last byte, size uint64) bool {
	switch l {
	case blobListpack:
		return size >= emptyListpack && uint64(binary.LittleEndian.Uint32(head)) == size && last == blobEnd
	case blobZiplist:
		return size >= 11 && uint64(binary.LittleEndian.Uint32(head)) == size && last == blobEnd
	case blobZipmap:
		return size >= 2 && last == blobEnd
	}
	if size < 8 {
		return false
	}
	width, n := uint64(binary.LittleEndian.Uint32(head)), uint64(binary.LittleEndian.Uint32(head[4:]))
	return (width == 2 || width == 4 || width == 8) && 8+n*width == size
}

// blob consumes a blob and returns its length.
func (in *input) blob(l layout) uint64 {
	if p := in.buf[in.r:in.w]; len(p) > 1 && p[0] < len32 {
		from, n := 1, int(p[0])
		if n >= len14 {
			from, n = 2, n&0x3F<<8|int(p[1])
		}
		if n > 0 && from+n <= len(p) {
			p = p[from : from+n]
			at := in.offset()
			if in.r += from + n; !l.fits(p, p[n-1], uint64(n)) {
				in.noBlob(l, at, uint64(n))
			}
			return uint64(n)
		}
	}
	return in.longBlob(l)
}

// longBlob is a blob that is compressed or not in the window as a whole.
func (in *input) longBlob(l layout) uint64 {
	at := in.offset()
	t := in.header(ErrBulkLength)
	var room [blobHead + lzfRun]byte
	var head []byte
	var last byte
	switch {
	case t.enc == encLZF && !in.strict:
		in.discard(t.size)
		return t.n
	case t.enc == encLZF:
		head, last = in.lzfEnds(room[:0], t)
	case t.enc == 0 && t.size > 0:
		head = append(room[:0], in.peek(int(min(t.size, blobHead)))...)
		in.discard(t.size - 1)
		last = in.byte()
	default: // nothing or a number
		in.discard(t.size)
	}
	if in.err == nil && !l.fits(head, last, t.n) {
		in.noBlob(l, at, t.n)
	}
	return t.n
}

func (in *input) noBlob(l layout, at int64, size uint64) {
	in.fail(at, ErrCorrupt, "expected a %s, found %d bytes that do not begin or end like one of that size", l, size)
}

// lzfEnds consumes the LZF string t and appends its first blobHead bytes, or more, to out, which must be empty. The last
// byte is known if it is stored as it is, as Redis does. Otherwise it is taken for blobEnd.
func (in *input) lzfEnds(out []byte, t text) (head []byte, last byte) {
	at, left := in.offset(), t.size
	for left > 0 && len(out) < blobHead && in.err == nil {
		var used int
		if out, used = in.lzfNext(out, min(left, lzfItem)); used == 0 {
			in.fail(at, ErrCorrupt, "%s", noLZF)
		}
		left -= uint64(used)
	}
	last = blobEnd
	if len(out) > 0 {
		last = out[len(out)-1]
	}
	return out, in.walkLZF(at, left, uint64(len(out)), t.n, last)
}
