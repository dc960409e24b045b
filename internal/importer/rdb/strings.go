package rdb

import "strconv"

// skipText consumes the string with header t.
func (in *input) skipText(t text) {
	if t.enc == encLZF && in.strict {
		in.walkLZF(in.offset(), t.size, 0, t.n, 0)
		return
	}
	in.discard(t.size)
}

// appendText appends the string with header t, at most keep bytes of it, and skips the rest.
func (in *input) appendText(out []byte, t text, keep int) []byte {
	switch t.enc {
	case 0:
		left := min(int(t.size), keep)
		rest := t.size - uint64(left)
		for ; left > 0 && in.err == nil; left -= min(left, window/2) {
			out = append(out, in.take(min(left, window/2))...)
		}
		in.discard(rest)
	case encLZF:
		out = in.appendLZF(out, t, keep-1, nil)
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
