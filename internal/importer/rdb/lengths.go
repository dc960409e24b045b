package rdb

import (
	"encoding/binary"
	"slices"
)

// The first byte of a length says how it is stored: 00 in the byte's other 6 bits, 01 in 14 bits, 0x80 and 0x81 in the
// next 4 or 8 bytes, big-endian. 11 stands for a string in a special encoding, its number in the other bits. Where Redis expects
// a length that is no string's it takes that number for one (rdbLoadLen), and so does this package.
const (
	len14    = 0x40
	len32    = 0x80
	len64    = 0x81
	encInt8  = 0xC0
	encInt16 = 0xC1
	encInt32 = 0xC2
	encLZF   = 0xC3
)

// length reads a number that is not a string's.
func (in *input) length() uint64 {
	if in.r < in.w && in.buf[in.r] < len14 {
		in.r++
		return uint64(in.buf[in.r-1])
	}
	return in.longLength()
}

func (in *input) longLength() uint64 {
	at := in.offset()
	b := in.byte()
	if b >= encInt8 {
		return uint64(b & 0x3F)
	}
	return in.lengthAfter(at, b)
}

// lengthAfter reads the rest of the length that began with byte b.
func (in *input) lengthAfter(at int64, b byte) uint64 {
	switch {
	case b < len14:
		return uint64(b)
	case b < len32:
		return uint64(b&0x3F)<<8 | uint64(in.byte())
	case b == len32:
		if p := in.take(4); p != nil {
			return uint64(binary.BigEndian.Uint32(p))
		}
	case b == len64:
		if p := in.take(8); p != nil {
			return binary.BigEndian.Uint64(p)
		}
	default:
		in.fail(at, ErrCorrupt, "expected a length, found byte 0x%02x", b)
	}
	return 0
}

// longestLength is the number of bytes of the longest length.
const longestLength = 9

// isZero reports whether p begins with a length that is 0, however it is stored.
func isZero(p []byte) bool {
	if len(p) == 0 {
		return false
	}
	n := 1
	switch p[0] {
	case 0, encInt8:
	case len14:
		n = 2
	case len32:
		n = 5
	case len64:
		n = 9
	default:
		return false
	}
	return len(p) >= n && !slices.ContainsFunc(p[1:n], func(b byte) bool { return b != 0 })
}

// text is the header of a string: what its stored bytes are, and how many.
type text struct {
	enc  byte   // 0 for plain bytes, or one of the enc constants
	size uint64 // bytes that follow in the file
	n    uint64 // bytes of the string itself; 0 for integers, whose digits are not worth counting
}

// header reads a string's header and refuses lengths that no string can have; tooLong is the error for the longest.
func (in *input) header(tooLong error) (t text) {
	at := in.offset()
	b := in.byte()
	switch {
	case b < encInt8:
		t.size = in.lengthAfter(at, b)
		t.n = t.size
	case b <= encInt32:
		t.enc, t.size = b, 1<<(b-encInt8)
	case b == encLZF:
		t.enc, t.size, t.n = b, in.length(), in.length()
	default:
		in.fail(at, ErrCorrupt, "expected a string, found encoding %d", b&0x3F)
	}
	if t.n > MaxString || t.size > MaxString {
		in.fail(at, tooLong, "%d bytes, more than the %d allowed", max(t.n, t.size), MaxString)
		return text{}
	}
	if t.enc == encLZF && !lzfPossible(t.size, t.n) {
		in.fail(at, ErrCorrupt, "%d compressed bytes cannot hold a string of %d bytes", t.size, t.n)
		return text{}
	}
	return t
}

// skipString consumes a string and returns its length and encoding as text has them.
func (in *input) skipString() (n uint64, enc byte) {
	if p := in.buf[in.r:in.w]; len(p) > 1 {
		if b := int(p[0]); b < len14 && b < len(p) {
			in.r += 1 + b
			return uint64(b), 0
		}
		if long := int(p[0]&0x3F)<<8 | int(p[1]); p[0]&0xC0 == len14 && long+2 <= len(p) {
			in.r += 2 + long
			return uint64(long), 0
		}
	}
	t := in.header(ErrBulkLength)
	in.skipText(t)
	return t.n, t.enc
}
