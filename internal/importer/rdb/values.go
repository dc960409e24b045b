package rdb

// value walks the value of type t and adds the memory it takes to s.mem.
func (s *Scanner) value(t Type) {
	switch t {
	case TypeString:
		s.stringValue()
	case TypeList:
		s.list()
	case TypeSet:
		s.set()
	case TypeZSet, TypeZSet2:
		s.zset(t == TypeZSet2)
	case TypeHash:
		s.hash()
	case TypeHashZipmap, TypeListZiplist, TypeSetIntset, TypeZSetZiplist, TypeHashZiplist,
		TypeHashListpack, TypeZSetListpack, TypeSetListpack:
		s.blob()
	case TypeListQuicklist, TypeListQuicklist2:
		s.quicklist(t == TypeListQuicklist2)
	case TypeStreamListpacks:
		s.stream(1)
	case TypeStreamListpacks2:
		s.stream(2)
	case TypeStreamListpacks3:
		s.stream(3)
	case TypeStreamListpacks4:
		s.stream(4)
	case TypeStreamListpacks5:
		s.stream(5)
	case TypeModule2:
		s.module()
	case TypeHash2: // Redis's type of that number is not walkable
		s.valkeyHash()
	case TypeHashMetadata:
		s.hashMetadata()
	case TypeHashListpackEx:
		s.in.uint64() // the earliest expiry of a field
		s.blob()
	}
}

func (s *Scanner) stringValue() {
	n, enc := s.in.skipString()
	s.mem += stringObject(n, enc)
}

// blob is a collection in one string: ziplist, listpack, intset or zipmap.
func (s *Scanner) blob() {
	s.mem += objectSize + allocated(s.in.blob(layoutOf(s.key.Type)))
}

// list is as Redis wrote it before 3.2. It loads as a quicklist.
func (s *Scanner) list() {
	s.mem += objectSize + quicklistSize
	for n := s.in.length(); n > 0 && s.in.err == nil; n-- {
		size, _ := s.in.skipString()
		s.mem += int64(size) + listpackEntry
	}
}

func (s *Scanner) set() {
	n := s.in.length()
	members := s.elements.open()
	s.mem += objectSize + dictSize
	for left := n; left > 0 && s.in.err == nil; left-- {
		s.mem += dictEntry + sds(s.unique(&members, "member"))
	}
	s.mem += buckets(n)
}

func (s *Scanner) zset(binary bool) {
	n := s.in.length()
	members := s.elements.open()
	s.mem += objectSize + skiplistSize + dictSize
	for left := n; left > 0 && s.in.err == nil; left-- {
		s.mem += dictEntry + skiplistNode + sds(s.unique(&members, "member"))
		if binary {
			s.score()
		} else {
			s.textScore()
		}
	}
	s.mem += buckets(n)
}

// Redis sees twice the same field only in a hash that it does not keep in a listpack, by its defaults.
const (
	listpackFields = 512
	listpackText   = 64
)

func (s *Scanner) hash() {
	at, n := s.in.offset(), s.in.length()
	fields := s.elements.open()
	s.mem += objectSize + dictSize
	twice, table := false, n > listpackFields
	for left := n; left > 0 && s.in.err == nil; left-- {
		field, enc, fresh := s.element(&fields)
		value, valueEnc := s.in.skipString()
		s.mem += dictEntry + sds(field, enc) + sds(value, valueEnc)
		twice = twice || !fresh
		table = table || field > listpackText || value > listpackText
	}
	s.mem += buckets(n)
	if twice && table {
		s.in.fail(at, ErrCorrupt, "expected fields that differ")
	}
}

// hashMetadata is a hash whose fields may expire: each has the time to its expiry, counted from the earliest one.
func (s *Scanner) hashMetadata() {
	s.in.uint64() // the earliest expiry of a field
	n := s.in.length()
	s.mem += objectSize + dictSize
	for left := n; left > 0 && s.in.err == nil; left-- {
		if s.in.length() != 0 {
			s.mem += fieldExpiry
		}
		s.mem += dictEntry + sds(s.in.skipString()) + sds(s.in.skipString())
	}
	s.mem += buckets(n)
}

// valkeyHash has each field's expiry in milliseconds, -1 for none, behind its value.
func (s *Scanner) valkeyHash() {
	n := s.in.length()
	s.mem += objectSize + dictSize
	for left := n; left > 0 && s.in.err == nil; left-- {
		s.mem += dictEntry + sds(s.in.skipString()) + sds(s.in.skipString()) + fieldExpiry
		s.in.take(8)
	}
	s.mem += buckets(n)
}

// Containers of a quicklist node.
const (
	nodePlain  = 1
	nodePacked = 2
)

// quicklist nodes are ziplists, or (second) listpacks or single elements, with a number that says which.
func (s *Scanner) quicklist(second bool) {
	s.mem += objectSize + quicklistSize
	for n := s.in.length(); n > 0 && s.in.err == nil; n-- {
		s.mem += quicklistNode + allocated(s.node(second))
	}
}

func (s *Scanner) node(second bool) (size uint64) {
	if !second {
		return s.in.blob(blobZiplist)
	}
	at := s.in.offset()
	switch c := s.in.length(); c {
	case nodePlain:
		size, _ = s.in.skipString()
	case nodePacked:
		size = s.in.blob(blobListpack)
	default:
		s.in.fail(at, ErrCorrupt, "expected a quicklist container 1 or 2, found %d", c)
	}
	return size
}

// emptyValue looks ahead whether the value is a collection without elements.
func (s *Scanner) emptyValue() bool {
	switch t := s.key.Type; t {
	case TypeList, TypeSet, TypeZSet, TypeHash, TypeZSet2, TypeListQuicklist, TypeListQuicklist2, TypeHash2:
		return isZero(s.in.peek(longestLength))
	case TypeHashMetadata:
		p := s.in.peek(8 + longestLength)
		return len(p) > 8 && isZero(p[8:])
	case TypeHashListpackEx:
		p := s.in.peek(8 + 7)
		return len(p) > 8 && emptyBlob(t, p[8:])
	case TypeStreamListpacks, TypeStreamListpacks2, TypeStreamListpacks3, TypeStreamListpacks4, TypeStreamListpacks5,
		TypeModule2:
		return false // may be empty for good
	default:
		return emptyBlob(t, s.in.peek(11))
	}
}

// emptyBlob tells whether p begins with the string of a blob without elements. Where the number of elements is, and how
// long a blob without any, depends on the kind. So short a string is never compressed.
func emptyBlob(t Type, p []byte) bool {
	size, count, width := emptyListpack, 4, 2
	switch t {
	case TypeHashZipmap:
		size, count, width = 2, 0, 1
	case TypeListZiplist, TypeZSetZiplist, TypeHashZiplist:
		size, count, width = 11, 8, 2
	case TypeSetIntset:
		size, count, width = 8, 4, 4
	}
	if len(p) < 1+count+width || int(p[0]) != size {
		return false
	}
	for _, b := range p[1+count : 1+count+width] {
		if b != 0 {
			return false
		}
	}
	return true
}
