package rdb

import (
	"bytes"
	"hash/maphash"
	"math"
	"strings"
)

// What a strict scan keeps at most of a file: an element longer than maxCompared is compared with none, and of a value's
// elements and of the file's keys the first maxSeen are.
const (
	maxCompared = 64 << 10
	maxSeen     = 64 << 10
)

// seen are the strings met so far, in many sets, by fingerprints of 128 bits.
type seen struct {
	seeds [2]maphash.Seed
	marks map[mark]struct{}
	last  uint64 // set that was opened last
}

// mark is a string in a set.
type mark struct{ set, a, b uint64 }

// set is one of the sets of a seen.
type set struct {
	id   uint64
	part bool // some of its strings are not kept
}

// begin makes n usable, and empty if it is more than half full: then what was opened before must not be needed any more.
func (n *seen) begin() {
	if n.marks == nil {
		*n = seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, marks: map[mark]struct{}{}}
	}
	if len(n.marks) > maxSeen/2 {
		clear(n.marks)
	}
}

// open returns an empty set.
func (n *seen) open() set {
	n.last++
	return set{id: n.last}
}

// add reports whether s did not have text before, as far as it is known.
func (n *seen) add(s *set, text []byte) bool {
	m := n.mark(s, text)
	if _, ok := n.marks[m]; ok {
		return false
	}
	if len(n.marks) >= maxSeen {
		s.part = true
		return true
	}
	n.marks[m] = struct{}{}
	return true
}

// lacks reports whether s is known not to have text.
func (n *seen) lacks(s *set, text []byte) bool {
	_, ok := n.marks[n.mark(s, text)]
	return !ok && !s.part
}

func (n *seen) mark(s *set, text []byte) mark {
	return mark{s.id, maphash.Bytes(n.seeds[0], text), maphash.Bytes(n.seeds[1], text)}
}

// element consumes a string as skipString does. In a strict scan it reports whether the string is new to s.
func (s *Scanner) element(to *set) (n uint64, enc byte, fresh bool) {
	in := &s.in
	if !in.strict {
		n, enc = in.skipString()
		return n, enc, true
	}
	t := in.header(ErrBulkLength)
	if t.size > maxCompared || t.n > maxCompared {
		to.part = true
		in.skipText(t)
		return t.n, t.enc, true
	}
	text := s.wholeText(t)
	return t.n, t.enc, in.err != nil || s.elements.add(to, text)
}

// wholeText consumes a string of at most maxCompared bytes and returns it, valid until the next read.
func (s *Scanner) wholeText(t text) []byte {
	if t.enc == 0 {
		return s.in.take(int(t.size))
	}
	s.scratch = s.in.appendText(s.scratch[:0], t, maxCompared+1)
	return s.scratch
}

// unique is an element that must not be in its collection twice.
func (s *Scanner) unique(to *set, what string) (n uint64, enc byte) {
	if !s.in.strict {
		return s.in.skipString()
	}
	at := s.in.offset()
	n, enc, fresh := s.element(to)
	if !fresh {
		s.in.fail(at, ErrCorrupt, "expected a %s that was not there before", what)
	}
	return n, enc
}

// uniqueID is a stream id of 16 bytes that must not be in its collection twice.
func (s *Scanner) uniqueID(to *set, what string) {
	at := s.in.offset()
	if id := s.in.take(16); id != nil && s.in.strict && !s.elements.add(to, id) {
		s.in.fail(at, ErrCorrupt, "expected a %s that was not there before", what)
	}
}

// uniqueKey books the key that was read last, which Redis loads.
func (s *Scanner) uniqueKey(at int64) {
	k := &s.key
	if k.Expired || k.Empty || k.NameLen > int64(len(k.Name)) {
		return
	}
	if !s.keys.add(&set{id: keysOf + uint64(k.DB)}, k.Name) {
		s.in.fail(at, ErrCorrupt, "expected a key that was not there before in database %d", k.DB)
	}
}

// Sets of Scanner.keys.
const (
	libraryNames = 0
	keysOf       = 1 // the first database; the others follow
)

// libraryHead is how much of a function library has its first line.
const libraryHead = 4 << 10

// libraryStart checks the first line of a function library, such as "#!lua name=mylib", as functionExtractLibMetaData
// does. Engines beside Lua are possible, and so are names in quotes, which it leaves to the target.
func (s *Scanner) libraryStart(at int64, source []byte) {
	line, _, ok := bytes.Cut(source, []byte("\n"))
	if ok = ok && bytes.IndexByte(line, 0) < 0; ok && bytes.ContainsAny(line, `"'`) || !ok && len(source) == libraryHead {
		return
	}
	fields := strings.Fields(string(line))
	if !ok || len(fields) != 2 || len(fields[0]) < 3 || fields[0][:2] != "#!" ||
		len(fields[1]) < 6 || !strings.EqualFold(fields[1][:5], "name=") || !isLibraryName(fields[1][5:]) {
		s.in.fail(at, ErrCorrupt, "expected a function library that begins with #!, an engine and a name")
		return
	}
	if !s.keys.add(&set{id: libraryNames}, []byte(fields[1][5:])) {
		s.in.fail(at, ErrCorrupt, "expected a function library of another name than those before")
	}
}

func isLibraryName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// score is one in 8 bytes.
func (s *Scanner) score() {
	at := s.in.offset()
	if bits := s.in.uint64(); s.in.strict && math.IsNaN(math.Float64frombits(bits)) {
		s.in.fail(at, ErrCorrupt, noScore)
	}
}

const noScore = "expected a score, found what is not a number"

// textScore is a length byte and digits; the lengths from 253 stand for not a number and the infinities.
func (s *Scanner) textScore() {
	at := s.in.offset()
	n := s.in.byte()
	if !s.in.strict {
		if n < 253 {
			s.in.discard(uint64(n))
		}
		return
	}
	if n == 253 || n < 253 && !beginsNumber(s.in.take(int(n))) {
		s.in.fail(at, ErrCorrupt, noScore)
	}
}

// beginsNumber reports whether text begins like a number. Redis reads as much of one as there is.
func beginsNumber(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\n\v\f\r")
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		text = text[1:]
	}
	if len(text) > 2 && strings.EqualFold(string(text[:3]), "inf") {
		return true
	}
	text = bytes.TrimPrefix(text, []byte("."))
	return len(text) > 0 && text[0] >= '0' && text[0] <= '9'
}
