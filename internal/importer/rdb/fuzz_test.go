package rdb

import (
	"bytes"
	"io"
	"testing"
)

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// FuzzScan feeds anything to the scanner. It must end, stay within its window, agree with itself about each value however
// the bytes arrive, and never go on after an error.
func FuzzScan(f *testing.F) {
	f.Add(allValues())
	f.Add(valkeyValues())
	for _, x := range fixtures[1:] { // the first is large, and slows the fuzzer down
		f.Add(fixture(f, x.name))
	}
	for _, v := range values {
		one := newFile(v.magic).db(0).key(v.t, "k")
		v.write(one)
		f.Add(one.end())
	}
	s, again := NewScanner(nil), NewScanner(nil)
	s.Library = func(int64) io.Writer { return new(counter) }
	again.Library = s.Library
	f.Fuzz(func(t *testing.T, data []byte) {
		s.Reset(bytes.NewReader(data))
		for s.Next() {
			var c counter
			k := s.Key()
			n, err := s.WriteValue(&c)
			if err == nil && (n != int64(c) || n != k.ValueLen || k.Offset+n > int64(len(data)) || len(k.Name) > MaxName) {
				t.Fatalf("WriteValue = %d, %d bytes written, key %+v", n, c, *k)
			}
		}
		if err := s.Err(); err != nil && !ours(err) {
			t.Fatalf("error of another kind: %v", err)
		}
		if s.Next() || s.Offset() > int64(len(data)) || s.Err() == nil && s.Offset() != int64(len(data)) {
			t.Fatalf("offset %d of %d bytes, error %v", s.Offset(), len(data), s.Err())
		}
		if cap(s.in.buf) != window || cap(s.name) > 2*MaxName || cap(s.scratch) > 2*MaxName {
			t.Fatalf("buffers have grown to %d, %d, %d", cap(s.in.buf), cap(s.name), cap(s.scratch))
		}
		for _, strict := range []bool{false, true} {
			s.Strict, again.Strict = strict, strict
			if one, two := trace(s, bytes.NewReader(data)), trace(again, &chunks{data, newRand()}); one != two {
				t.Fatalf("whole:\n%s\nin chunks:\n%s", one, two)
			}
		}
		s.Strict = false
	})
}
