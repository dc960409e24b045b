package rdb

import "io"

// MaxName is the number of bytes of a key's name that a Key holds at most.
const MaxName = 1 << 20

// Key is one key of the file.
type Key struct {
	DB      int
	Dialect Dialect // of the file: it decides what Type means
	Name    []byte  // the name, or its first MaxName bytes
	NameLen int64   // bytes in the whole name
	Type    Type
	// ExpireMS is the expiry in milliseconds since 1970; 0 for none. A file's expiry at 0 itself is told as 1.
	ExpireMS int64
	Expired  bool  // ExpireMS lies before the scanner's Now
	Idle     int64 // seconds since the last access, for the LRU policies; -1 if the file has none
	Freq     int   // logarithmic access counter 0-255, for the LFU policies; -1 if the file has none
	// Empty is set for a collection without elements. Redis drops it when it loads a file, and refuses it in RESTORE.
	Empty bool
	// HasMeta is set if modules attached metadata to the key (Redis 8.6). It is no part of the value's bytes.
	HasMeta bool
	// Offset is where the value's bytes begin in the uncompressed file, after the type and the name.
	Offset int64
	// ValueLen is the number of those bytes. It is 0 until the value was walked by WriteValue or SkipValue.
	ValueLen int64
	// Memory estimates the bytes that key and value take in Redis's memory, but for its share of the database's hash tables.
	// It covers the value once that was walked.
	Memory int64
}

// Scanner walks an RDB file key by key. It is for one goroutine.
//
//	s := rdb.NewScanner(r)
//	for s.Next() {
//		k := s.Key()
//		...
//	}
//	if err := s.Err(); err != nil {
//		...
//	}
type Scanner struct {
	// Now is the time in milliseconds since 1970 against which expiries are judged. Set it before the first Next. Left at
	// 0, it makes no expiry after 1970 count as past.
	Now int64
	// Library, if set, is asked for each function library where to write its source, which has size bytes. A nil
	// Writer skips it. A library is written whole within Next, or Next fails.
	Library func(size int64) io.Writer

	// Strict has the scan look at what a checksum vouches for (see the package). Set it, before the first Next, for a file
	// that an earlier scan has left Unproven. Files below version 5, which have no checksum, are scanned strictly anyway.
	Strict bool

	in      input
	key     Key
	name    []byte // backs key.Name
	scratch []byte // decoded text other than names
	stats   Stats
	noted   *mentions
	spaces  map[int]Keyspace // of the databases that were selected before
	db      database
	next    attributes
	started bool
	pending bool // key's value is not walked yet
	walking bool
	done    bool
	mem     int64 // memory estimate of the value being walked

	keys, elements seen // of a strict scan: the file's keys, and what the current value holds
}

// attributes are what opcodes say about the key that follows them.
type attributes struct {
	expireMS, idle int64
	freq           int
	meta           bool
}

var noAttributes = attributes{idle: -1, freq: -1}

// NewScanner returns a Scanner for the uncompressed file that r yields. It reads nothing before the first Next.
func NewScanner(r io.Reader) *Scanner {
	s := &Scanner{noted: new(mentions)}
	s.Reset(r)
	return s
}

// Reset prepares the Scanner for another file, keeping its buffers, Now, Library and Strict.
func (s *Scanner) Reset(r io.Reader) {
	s.in.reset(r)
	*s = Scanner{
		Now: s.Now, Library: s.Library, Strict: s.Strict,
		in: s.in, name: s.name[:0], scratch: s.scratch[:0], next: noAttributes, keys: s.keys, elements: s.elements,
		noted: s.noted, spaces: s.spaces,
	}
	clear(s.keys.marks)
	clear(s.spaces)
	s.noted.reset()
}

// Next goes to the next key, past the current one's value if that was not walked. It returns false at the end of the file
// and at the first error; Err tells which.
func (s *Scanner) Next() bool {
	if s.pending {
		s.walk()
	}
	if !s.started && s.in.err == nil {
		s.started = true
		s.fileHeader()
	}
	for s.in.err == nil && !s.done {
		at := s.in.offset()
		if op := s.in.byte(); op >= firstOpcode {
			s.opcode(op, at)
		} else if s.in.err == nil {
			s.startKey(Type(op), at)
			return s.pending
		}
	}
	return false
}

// Key returns the current key. It and its Name are valid until the next Next or Reset.
func (s *Scanner) Key() *Key { return &s.key }

// WriteValue writes the current value's bytes to w, and returns their number. They are what a DUMP payload has between its
// type byte and its footer. They are written piece by piece, however many. A value that was walked before yields none.
func (s *Scanner) WriteValue(w io.Writer) (int64, error) {
	if !s.pending {
		return 0, s.in.err
	}
	s.in.sink, s.in.sunk = w, s.in.r
	s.walk()
	s.in.flush()
	s.in.sink = nil
	return s.key.ValueLen, s.in.err
}

// SkipValue walks the current value without writing it anywhere, after which Key has its ValueLen and Memory.
func (s *Scanner) SkipValue() error {
	if s.pending {
		s.walk()
	}
	return s.in.err
}

// Err returns the error that ended the scan, an *Error. It is nil until then, and after a file that is whole: its end marker
// was read, its checksum is right or absent, and nothing follows.
func (s *Scanner) Err() error { return s.in.err }

// Unproven reports whether neither a checksum nor a strict scan has vouched for the file, once Next has returned false and
// Err is nil.
func (s *Scanner) Unproven() bool { return !s.stats.Checksum && !s.in.strict }

// Memory is Stats.Memory, and what the value that is being walked adds so far: a Reader may ask for it in the midst of a value
// however long. It never shrinks.
func (s *Scanner) Memory() int64 {
	n := s.stats.Memory + s.db.tables()
	if s.walking && !s.key.Expired && !s.key.Empty {
		n += s.mem
	}
	return n
}

// Offset returns the number of bytes of the uncompressed file that are consumed.
func (s *Scanner) Offset() int64 { return s.in.offset() }

// startKey reads the name after type byte t.
func (s *Scanner) startKey(t Type, at int64) {
	if !walkable(t, s.stats.Dialect) {
		s.refuse(t, at)
		return
	}
	k, a := &s.key, &s.next
	k.Type, k.DB, k.Dialect = t, s.db.index, s.stats.Dialect
	k.ExpireMS, k.Idle, k.Freq, k.HasMeta = a.expireMS, a.idle, a.freq, a.meta
	k.ValueLen, k.Memory = 0, 0
	*a = noAttributes
	s.keyName()
	k.Name = s.name
	k.Offset = s.in.offset()
	k.Expired = k.ExpireMS != 0 && k.ExpireMS < s.Now
	k.Empty = t != TypeString && s.emptyValue()
	if s.in.strict && s.in.err == nil {
		s.elements.begin()
		s.uniqueKey(at)
	}
	s.pending = s.in.err == nil
}

// refuse ends the scan at a type that is not walkable.
func (s *Scanner) refuse(t Type, at int64) {
	if what := foreign(t, s.stats.Dialect); what != "" {
		s.in.fail(at, ErrUnsupported, "%s", what)
		return
	}
	s.in.fail(at, ErrCorrupt, "expected a type or an opcode of %s, found %d", s.stats.Dialect, byte(t))
}

// keyName reads a name into s.name, but for what exceeds MaxName.
func (s *Scanner) keyName() {
	in := &s.in
	if p := in.buf[in.r:in.w]; len(p) > 0 && p[0] < len14 && int(p[0]) < len(p) {
		n := int(p[0])
		s.name = append(s.name[:0], p[1:1+n]...)
		in.r += 1 + n
		s.key.NameLen = int64(n)
		return
	}
	t := in.header(ErrKeyTooLong)
	s.name = in.appendText(s.name[:0], t, MaxName)
	s.key.NameLen = int64(t.n)
	if t.enc != 0 && t.enc != encLZF {
		s.key.NameLen = int64(len(s.name))
	}
}

// walk consumes the current value and books the key.
func (s *Scanner) walk() {
	s.pending = false
	s.mem, s.walking = 0, true
	s.value(s.key.Type)
	s.walking = false
	if s.in.err != nil {
		return
	}
	k := &s.key
	k.ValueLen = s.in.offset() - k.Offset
	k.Memory = keyMemory(uint64(k.NameLen)) + s.mem
	s.count()
}
