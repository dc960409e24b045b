package rdb

import (
	"io"
	"math"
	"strconv"
)

// AppendString appends to dst the string that value stands for: the bytes that WriteValue gives for a TypeString, be they
// plain, compressed or a number. It keeps no part of value. Its errors are the Scanner's, with offsets into value.
func AppendString(dst, value []byte) ([]byte, error) {
	in := input{buf: value, w: len(value), srcErr: io.EOF}
	t := in.header(ErrBulkLength)
	n := len(dst)
	switch t.enc {
	case 0:
		dst = append(dst, in.take(int(t.size))...)
	case encLZF:
		dst = in.appendLZF(dst, n, t, math.MaxInt, nil)
	default:
		dst = in.appendInt(dst, t.enc)
	}
	if in.err == nil && in.r < in.w {
		in.fail(in.offset(), ErrCorrupt, "expected the end of the string, found more bytes")
	}
	if in.err != nil {
		return dst[:n], in.err
	}
	return dst, nil
}

// appendText appends the string with header t, at most keep bytes of it, and skips the rest.
func (in *input) appendText(out []byte, t text, keep int) []byte {
	switch t.enc {
	case 0:
		head := min(int(t.size), keep)
		out = append(out, in.take(head)...)
		in.discard(t.size - uint64(head))
	case encLZF:
		out = in.appendLZF(out, 0, t, keep-1, nil)
		out = out[:min(len(out), keep)]
	default:
		out = in.appendInt(out, t.enc)
	}
	return out
}

// appendInt appends the digits of the integer that stands for a string.
func (in *input) appendInt(out []byte, enc byte) []byte {
	var n int64
	switch enc {
	case encInt8:
		n = int64(int8(in.byte()))
	case encInt16:
		if p := in.take(2); p != nil {
			n = int64(int16(uint16(p[0]) | uint16(p[1])<<8))
		}
	default:
		n = int64(int32(in.uint32()))
	}
	return strconv.AppendInt(out, n, 10)
}
