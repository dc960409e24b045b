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

// appendLZF decodes the LZF string t, which comes next, and appends it to out. With a sink, out is passed on to it whenever
// it grows beyond keep bytes, but for the history that later items may refer to. Without one decoding ends there, and
// the rest is skipped. What out holds before start is no history of this string.
func (in *input) appendLZF(out []byte, start int, t text, keep int, sink io.Writer) []byte {
	at, left, made := in.offset(), t.size, uint64(0)
	for left > 0 && made <= t.n && in.err == nil {
		if len(out) > keep {
			if sink == nil {
				in.discard(left)
				return out
			}
			out = in.passOn(sink, out)
		}
		before := len(out)
		var used int
		if out, used = in.lzfNext(out, start, min(left, lzfItem)); used == 0 {
			in.fail(at, ErrCorrupt, "a compressed string cannot be decoded")
		}
		left -= uint64(used)
		made += uint64(len(out) - before)
	}
	if made != t.n {
		in.fail(at, ErrCorrupt, "a compressed string has not the length it announces")
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
func (in *input) lzfNext(out []byte, start int, size uint64) (_ []byte, used int) {
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
	if from < start {
		return out, 0
	}
	for ; n > 0; n-- { // byte by byte: a run may overlap itself
		out = append(out, out[from])
		from++
	}
	in.r += used
	return out, used
}
