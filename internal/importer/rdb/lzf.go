package rdb

import "io"

// LZF is a run of items. A control byte below 32 says how many bytes follow as they are, less one. Any other refers back:
// its upper 3 bits are the length less two (7: a further byte adds to it), its lower 5 and the next byte the distance less
// one.
const (
	lzfItem    = 33      // longest item, stored
	lzfRun     = 264     // longest run that one item stands for
	lzfHistory = 1 << 13 // farthest a reference reaches back
)

// lzfPossible tells whether size stored bytes can stand for n bytes: 3 stored bytes make at most lzfRun, and at worst every
// byte takes a control byte of its own.
func lzfPossible(size, n uint64) bool {
	return size > 0 && n > 0 && n <= (size+2)/3*lzfRun && size <= 2*n
}

const (
	noLZF    = "a compressed string cannot be decoded"
	otherLZF = "a compressed string has not the length it announces"
)

// appendLZF decodes the LZF string t, which comes next, and appends it to out, which must be empty. With a sink, out is
// passed on to it whenever it grows beyond keep bytes, but for the history that later items may refer to. Without one
// decoding ends there, and the rest is walked.
func (in *input) appendLZF(out []byte, t text, keep int, sink io.Writer) []byte {
	at, left, made := in.offset(), t.size, uint64(0)
	for left > 0 && made <= t.n && in.err == nil {
		if len(out) > keep {
			if sink == nil {
				in.walkLZF(at, left, made, t.n, 0)
				return out
			}
			out = in.passOn(sink, out)
		}
		before := len(out)
		var used int
		if out, used = in.lzfNext(out, min(left, lzfItem)); used == 0 {
			in.fail(at, ErrCorrupt, noLZF)
		}
		left -= uint64(used)
		made += uint64(len(out) - before)
	}
	if made != t.n {
		in.fail(at, ErrCorrupt, otherLZF)
	}
	return out
}

// passOn writes out to sink but for the history, which it moves to out's start.
func (in *input) passOn(sink io.Writer, out []byte) []byte {
	cut := len(out) - lzfHistory
	_, err := sink.Write(out[:cut])
	in.writerFailed(err)
	return out[:copy(out, out[cut:])]
}

// lzfNext decodes the item at the front of the next size bytes; it used 0 bytes if that is none.
func (in *input) lzfNext(out []byte, size uint64) (_ []byte, used int) {
	if !in.need(int(size)) {
		return out, 0
	}
	p := in.buf[in.r : in.r+int(size)]
	ctrl, used := int(p[0]), 2
	if ctrl < 32 {
		if used += ctrl; used > len(p) {
			return out, 0
		}
		in.r += used
		return append(out, p[1:used]...), used
	}
	n := ctrl>>5 + 2
	if n == 9 {
		used = 3
	}
	if used > len(p) {
		return out, 0
	}
	if used == 3 {
		n += int(p[1])
	}
	from := len(out) - (ctrl&0x1F<<8 | int(p[used-1])) - 1
	if from < 0 {
		return out, 0
	}
	for ; n > 0; n-- { // byte by byte: a run may overlap itself
		out = append(out, out[from])
		from++
	}
	in.r += used
	return out, used
}

// walkLZF consumes the left stored bytes of an LZF string that began at offset at, and checks without decoding them that
// they can be decoded, and that they make n bytes with the made ones before. It returns the string's last byte where that
// is stored as it is, blobEnd where a reference leads to it; last if nothing is left.
func (in *input) walkLZF(at int64, left, made, n uint64, last byte) byte {
	for left > 0 && in.need(int(min(left, lzfItem))) {
		p := in.buf[in.r:in.w]
		stop := len(p) - lzfItem + 1 // from there on an item may not be whole
		if left <= uint64(len(p)) {
			p, stop = p[:left], int(left)
		}
		used, more, plain := walkItems(p, stop, made)
		in.r += used
		if used < stop {
			in.fail(at, ErrCorrupt, noLZF)
			return 0
		}
		left -= uint64(used)
		made = more
		if last = blobEnd; plain {
			last = p[used-1]
		}
	}
	if made != n {
		in.fail(at, ErrCorrupt, otherLZF)
	}
	return last
}

// walkItems walks p up to an item that begins at stop or later, or is none. It returns where that is, how many bytes made
// grew to, and whether the item before stored its bytes as they are.
func walkItems(p []byte, stop int, made uint64) (i int, _ uint64, plain bool) {
	for i < stop {
		ctrl := int(p[i])
		if plain = ctrl < 32; plain {
			if i+ctrl+2 > len(p) {
				break
			}
			i += ctrl + 2
			made += uint64(ctrl + 1)
			continue
		}
		n, at := ctrl>>5+2, i+1
		if n == 9 && at < len(p) {
			n += int(p[at])
			at++
		}
		if at >= len(p) || uint64(ctrl&0x1F<<8|int(p[at])) >= made {
			break
		}
		i = at + 1
		made += uint64(n)
	}
	return i, made, plain
}
