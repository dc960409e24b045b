package rdb

import "io"

// AppendString appends to out, which must be empty, the string that p holds: all the bytes of a TypeString value. It reports
// whether that is one, of at most most bytes.
func AppendString(out, p []byte, most int) ([]byte, bool) {
	in := input{buf: p, w: len(p), srcErr: io.EOF}
	t := in.header(ErrBulkLength)
	if in.err != nil || t.n > uint64(most) {
		return out, false
	}
	if t.enc == 0 && t.size == uint64(in.w-in.r) {
		return append(out, p[in.r:]...), true
	}
	out = in.appendText(out, t, most+1)
	return out, in.err == nil && in.r == len(p)
}
