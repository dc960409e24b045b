package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// window is the number of bytes of the file held at a time: small enough to stay in a core's cache between the read, the
// walk and the checksum.
const window = 256 << 10

// input is the file under the window. Its first error sticks: from then on every read answers zero, so that walks check
// for it where they loop and nowhere else.
type input struct {
	src    io.Reader
	srcErr error // from src; reported once the bytes before it are used up
	buf    []byte
	r, w   int   // buf[r:w] is read and not consumed
	base   int64 // the file's offset of buf[0]
	crc    uint64
	summed int // crc covers buf[:summed] and all before
	sink   io.Writer
	sunk   int  // buf[sunk:r] waits to be written to sink
	strict bool // see Scanner.Strict
	err    error
}

func (in *input) reset(src io.Reader) {
	buf := in.buf
	if buf == nil {
		buf = make([]byte, window)
	}
	*in = input{src: src, buf: buf}
}

func (in *input) offset() int64 { return in.base + int64(in.r) }

// fail records the first error, and drops what is left of the window so that nothing more is consumed. Later errors are
// consequences of the first.
func (in *input) fail(offset int64, err error, format string, args ...any) {
	if in.err == nil {
		in.err = &Error{Offset: offset, Err: err, Detail: fmt.Sprintf(format, args...)}
		in.w = in.r
	}
}

// need makes n consumable bytes present, n at most half the window. Without them it fails and consumes the rest.
func (in *input) need(n int) bool {
	if in.w-in.r >= n {
		return true
	}
	in.more(n)
	if in.w-in.r >= n {
		return true
	}
	in.r = in.w
	if errors.Is(in.srcErr, io.EOF) {
		in.fail(in.offset(), ErrCorrupt, "the file ends in the middle of its content")
	}
	in.fail(in.offset(), in.srcErr, "")
	return false
}

// more reads until n bytes are consumable or the source ends.
func (in *input) more(n int) {
	if in.err != nil || in.srcErr != nil {
		return
	}
	in.settle()
	copy(in.buf, in.buf[in.r:in.w])
	in.base += int64(in.r)
	in.w -= in.r
	in.r, in.summed, in.sunk = 0, 0, 0
	for empty := 0; in.w < n && in.srcErr == nil; {
		k, err := in.src.Read(in.buf[in.w:])
		in.w += k
		in.srcErr = err
		if k > 0 {
			empty = 0
		} else if empty++; empty == 100 && err == nil {
			in.srcErr = io.ErrNoProgress
		}
	}
}

// settle brings the checksum and the sink up to what is consumed.
func (in *input) settle() {
	in.crc = CRC64(in.crc, in.buf[in.summed:in.r])
	in.summed = in.r
	in.flush()
}

func (in *input) flush() {
	if in.sink == nil || in.sunk == in.r {
		return
	}
	_, err := in.sink.Write(in.buf[in.sunk:in.r])
	in.writerFailed(err)
	in.sunk = in.r
}

func (in *input) writerFailed(err error) {
	if err != nil {
		in.sink = nil
		in.fail(in.offset(), err, "")
	}
}

// peek returns the next n bytes, or what there is of them, without consuming.
func (in *input) peek(n int) []byte {
	if in.w-in.r < n && in.err == nil {
		in.more(n)
	}
	return in.buf[in.r:min(in.w, in.r+n)]
}

// discard consumes n bytes, however many, through the window.
func (in *input) discard(n uint64) {
	for n > uint64(in.w-in.r) {
		n -= uint64(in.w - in.r)
		in.r = in.w
		if !in.need(1) {
			return
		}
	}
	in.r += int(n)
}

func (in *input) byte() byte {
	if in.r == in.w && !in.need(1) {
		return 0
	}
	b := in.buf[in.r]
	in.r++
	return b
}

// take consumes n bytes and returns them, valid until the next read; nil without them.
func (in *input) take(n int) []byte {
	if !in.need(n) {
		return nil
	}
	in.r += n
	return in.buf[in.r-n : in.r]
}

func (in *input) uint64() uint64 {
	if p := in.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (in *input) uint32() uint32 {
	if p := in.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}
