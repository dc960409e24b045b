package rdb

import (
	"encoding/binary"
	"fmt"
	"math"
)

// file writes RDB files for tests, byte by byte as the format is described, and without the code under test but for the
// checksum, which has a test of its own.
type file struct{ b []byte }

// newFile begins a file with its magic and version, such as "REDIS0011".
func newFile(magic string) *file { return &file{b: []byte(magic)} }

func (f *file) raw(b ...byte) *file {
	f.b = append(f.b, b...)
	return f
}

func (f *file) length(n uint64) *file {
	switch {
	case n < 1<<6:
		return f.raw(byte(n))
	case n < 1<<14:
		return f.raw(0x40|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		f.b = binary.BigEndian.AppendUint32(append(f.b, 0x80), uint32(n))
	default:
		f.b = binary.BigEndian.AppendUint64(append(f.b, 0x81), n)
	}
	return f
}

func (f *file) lengths(n ...uint64) *file {
	for _, n := range n {
		f.length(n)
	}
	return f
}

func (f *file) text(s string) *file {
	f.length(uint64(len(s)))
	f.b = append(f.b, s...)
	return f
}

func (f *file) texts(s ...string) *file {
	for _, s := range s {
		f.text(s)
	}
	return f
}

// lzf writes s compressed the lazy way, as literal runs, which only a decoder can tell from a real one.
func (f *file) lzf(s string) *file {
	var z []byte
	for p := s; p != ""; {
		n := min(len(p), 31) // one less than it could be, so that no limit falls on an edge
		z = append(append(z, byte(n-1)), p[:n]...)
		p = p[n:]
	}
	return f.raw(0xC3).length(uint64(len(z))).length(uint64(len(s))).raw(z...)
}

// packed writes s compressed as Redis does, with references to what was at most 8 KiB before.
func (f *file) packed(s string) *file {
	var z []byte
	seen := map[string]int{}
	plain := 0 // s[plain:i] waits to be stored as it is
	store := func(to int) {
		for ; plain < to; plain += min(32, to-plain) {
			z = append(append(z, byte(min(32, to-plain)-1)), s[plain:plain+min(32, to-plain)]...)
		}
	}
	for i := 0; i < len(s); {
		n, back := 0, 0
		if i+3 < len(s) {
			if at, ok := seen[s[i:i+3]]; ok && i-at <= lzfHistory {
				for back = i - at; n < lzfRun && i+n < len(s)-1 && s[i+n] == s[at+n]; n++ {
				}
			}
			seen[s[i:i+3]] = i
		}
		if n < 3 {
			i++
			continue
		}
		store(i)
		if n < 9 {
			z = append(z, byte(n-2)<<5|byte((back-1)>>8))
		} else {
			z = append(z, 7<<5|byte((back-1)>>8), byte(n-9))
		}
		z = append(z, byte(back-1))
		i += n
		plain = i
	}
	store(len(s))
	return f.raw(0xC3).length(uint64(len(z))).length(uint64(len(s))).raw(z...)
}

func (f *file) u64(n uint64) *file {
	f.b = binary.LittleEndian.AppendUint64(f.b, n)
	return f
}

func (f *file) f64(x float64) *file { return f.u64(math.Float64bits(x)) }

func (f *file) aux(name, value string) *file { return f.raw(250).texts(name, value) }

func (f *file) db(n uint64) *file { return f.raw(254).length(n) }

func (f *file) expireMS(at int64) *file { return f.raw(252).u64(uint64(at)) }

// key writes a type byte and a name; the value follows.
func (f *file) key(t Type, name string) *file { return f.raw(byte(t)).text(name) }

// end writes the end marker and, from version 5 on, the checksum.
func (f *file) end() []byte {
	f.raw(255)
	if v := string(f.b[5:9]); v < "0005" {
		return f.b
	}
	return f.u64(CRC64(0, f.b)).b
}

// listpack returns the listpack of elems, each stored as a string.
func listpack(elems ...string) string {
	b := make([]byte, 6)
	for _, e := range elems {
		head := len(b)
		switch {
		case len(e) < 64:
			b = append(b, 0x80|byte(len(e)))
		case len(e) < 4096:
			b = append(b, 0xE0|byte(len(e)>>8), byte(len(e)))
		default:
			b = binary.LittleEndian.AppendUint32(append(b, 0xF0), uint32(len(e)))
		}
		b = append(b, e...)
		if size := len(b) - head; size < 128 {
			b = append(b, byte(size))
		} else if size < 1<<14 {
			b = append(b, byte(size>>7), byte(size)|0x80)
		} else {
			b = append(b, byte(size>>14), byte(size>>7)|0x80, byte(size)|0x80)
		}
	}
	b = append(b, 0xFF)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], uint16(len(elems)))
	return string(b)
}

// ziplist returns the ziplist of elems, each shorter than 64 bytes.
func ziplist(elems ...string) string {
	b := make([]byte, 10)
	last, before := 10, 0
	for _, e := range elems {
		last = len(b)
		b = append(append(b, byte(before), byte(len(e))), e...)
		before = len(e) + 2
	}
	b = append(b, 0xFF)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(last))
	binary.LittleEndian.PutUint16(b[8:], uint16(len(elems)))
	return string(b)
}

// intset returns the intset of n numbers of 16 bits.
func intset(n int) string {
	b := []byte{2, 0, 0, 0}
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(i))
	}
	return string(b)
}

func numbered(prefix string, n int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return s
}
