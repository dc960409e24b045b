package rdb

import (
	"errors"
	"io"
	"math"
	"strconv"
)

// firstChecksum is the first version whose files end with a checksum, or 8 zeros for none.
const firstChecksum = 5

// fileHeader reads the magic and the version, which settle how every later number is to be read.
func (s *Scanner) fileHeader() {
	p := s.in.take(9)
	if p == nil {
		return
	}
	digits := p[5:]
	switch {
	case string(p[:6]) == "VALKEY":
		s.stats.Dialect, digits = Valkey, p[6:]
	case p[0] == 0x1F && p[1] == 0x8B:
		s.in.fail(0, ErrCorrupt, "expected REDIS or VALKEY and a version, found gzip data")
		return
	case string(p[:5]) != "REDIS":
		s.in.fail(0, ErrCorrupt, "expected REDIS or VALKEY and a version, found %q", p)
		return
	}
	version, err := strconv.ParseUint(string(digits), 10, 16)
	if err != nil || version == 0 {
		s.in.fail(0, ErrCorrupt, "expected an rdb version, found %q", digits)
		return
	}
	s.stats.Version = int(version)
	if s.in.strict = s.Strict || version < firstChecksum; s.in.strict {
		s.keys.begin()
	}
	first, last := 1, lastRedis
	if s.stats.Dialect == Valkey {
		first, last = firstValkey, lastValkey
	}
	if s.stats.Version < first || s.stats.Version > last {
		s.in.fail(0, ErrUnsupported, "%s rdb version %d; known are %d to %d", s.stats.Dialect, version, first, last)
	}
}

// opcode obeys op, which was read at offset at.
func (s *Scanner) opcode(op byte, at int64) {
	in := &s.in
	switch op {
	case opExpireMS:
		s.expiry(int64(in.uint64()))
	case opExpire:
		s.expiry(int64(int32(in.uint32())) * 1000)
	case opIdle:
		s.next.idle = int64(min(in.length(), math.MaxInt64))
	case opFreq:
		s.next.freq = int(in.byte())
	case opSelectDB:
		s.selectDB(at)
	case opResizeDB:
		in.length()
		in.length()
	case opSlotInfo:
		in.length()
		in.length()
		in.length()
	case opAux:
		s.aux()
	case opFunction2:
		s.library()
	case opModuleAux:
		s.moduleAux()
	case opKeyMeta: // and opSlotImport
		if s.stats.Dialect == Valkey {
			s.slotImport()
		} else {
			s.keyMeta()
		}
	case opFunctionPreGA:
		in.fail(at, ErrUnsupported, "a function library of a 7.0 release candidate (opcode 246)")
	case opEOF:
		s.end()
	}
}

// expiry takes -1 for no expiry, as rdbLoadRio does.
func (s *Scanner) expiry(ms int64) {
	switch ms {
	case -1:
		ms = 0
	case 0:
		ms = 1
	}
	s.next.expireMS = ms
}

func (s *Scanner) selectDB(at int64) {
	n := s.in.length()
	if n > math.MaxInt32 {
		s.in.fail(at, ErrCorrupt, "expected a database number, found %d", n)
		return
	}
	s.stats.Memory += s.db.tables()
	s.db.addTo(&s.spaces)
	s.db = database{index: int(n)}
	s.stats.MaxDB = max(s.stats.MaxDB, int(n))
}

// The file may hold any number of aux fields, of any size. Redis writes about ten short ones.
const (
	maxAux     = 64
	maxAuxText = 256
)

func (s *Scanner) aux() {
	if len(s.stats.Aux) >= maxAux {
		s.in.skipString()
		s.in.skipString()
		return
	}
	s.scratch = s.in.appendText(s.scratch[:0], s.in.header(ErrBulkLength), maxAuxText)
	name := string(s.scratch)
	s.scratch = s.in.appendText(s.scratch[:0], s.in.header(ErrBulkLength), maxAuxText)
	if s.in.err != nil {
		return
	}
	if s.stats.Aux == nil {
		s.stats.Aux = make(map[string]string)
	}
	s.stats.Aux[name] = string(s.scratch)
}

// library passes the source of a function library on.
func (s *Scanner) library() {
	in := &s.in
	at := in.offset()
	t := in.header(ErrBulkLength)
	if in.err != nil {
		return
	}
	s.stats.Functions++
	s.stats.LargestLibrary = max(s.stats.LargestLibrary, int64(t.n))
	var w io.Writer
	if s.Library != nil && (t.enc == 0 || t.enc == encLZF) {
		w = s.Library(int64(t.n))
	}
	switch {
	case w == nil && in.strict:
		s.scratch = in.appendText(s.scratch[:0], t, libraryHead)
		if in.err == nil {
			s.libraryStart(at, s.scratch)
		}
	case w == nil:
		in.skipText(t)
	case t.enc == encLZF:
		s.scratch = in.appendLZF(s.scratch[:0], t, maxCompared, w)
		if in.err == nil {
			_, err := w.Write(s.scratch)
			in.writerFailed(err)
		}
	default:
		in.sink, in.sunk = w, in.r
		in.discard(t.size)
		in.flush()
		in.sink = nil
	}
}

func (s *Scanner) slotImport() {
	s.in.skipString() // the migration's name
	for n := s.in.length(); n > 0 && s.in.err == nil; n-- {
		s.in.length() // first slot
		s.in.length() // last slot
	}
}

// end checks what comes after the end marker.
func (s *Scanner) end() {
	in := &s.in
	s.done = true
	in.settle()
	if sum, at := in.crc, in.offset(); s.stats.Version >= firstChecksum {
		want := in.uint64()
		if s.stats.Checksum = want != 0; s.stats.Checksum && want != sum && in.err == nil {
			in.fail(at, ErrCorrupt, "the checksum is %016x, the content's is %016x", want, sum)
		}
	}
	if in.err != nil {
		return
	}
	if in.r == in.w {
		in.more(1)
	}
	if in.r < in.w {
		in.fail(in.offset(), ErrCorrupt, "expected the end of the file, found more bytes")
	} else if !errors.Is(in.srcErr, io.EOF) {
		in.fail(in.offset(), in.srcErr, "")
	}
}
