package rdb

import (
	"maps"
	"slices"
)

// Stats is what a scan has learned of the file as a whole.
type Stats struct {
	Version int // of the RDB format
	Dialect Dialect
	// Checksum tells whether the file ends with a checksum. Files below version 5 have none, and others not with
	// rdbchecksum no. It is known at the end.
	Checksum bool

	Keys     int64               // keys walked, those below included
	Expiring int64               // with an expiry, past or not
	Expired  int64               // whose expiry lies before Now
	Empty    int64               // collections without elements
	WithMeta int64               // with metadata of modules
	Types    [lastType + 1]int64 // keys of each Type

	// What follows, up to Largest, is of the keys that are loaded: those neither expired nor empty.
	Databases   map[int]Keyspace // by number, of the first 1,024 databases that have such keys
	LongestName Mention
	First       [lastType + 1]Mention // the first key of each Type
	Largest     [lastType + 1]Mention // the key of each Type whose value has the most bytes

	Functions      int64    // function libraries
	LargestLibrary int64    // bytes of the longest one's source
	ModuleAux      int64    // records of modules that belong to no key
	Modules        []Module // that values or such records belong to, the first 64
	MaxDB          int      // highest database number named
	// Aux holds the file's notes on itself, such as redis-ver, used-mem and ctime: the first 64, each cut at 256 bytes.
	Aux map[string]string
	// Memory estimates the bytes of Redis's memory that the keys take, without the expired and empty ones: what loading
	// them adds to used_memory.
	Memory int64
}

// Keyspace is how many keys a database has.
type Keyspace struct {
	Keys     int64
	Expiring int64 // of Keys, with an expiry that lies ahead of Now
}

// Module is a module that the file needs.
type Module struct {
	Name  string
	First Mention // the first key with a value of it that is loaded
}

// Mention is a key that Stats name. The zero Mention is none: every value has bytes.
type Mention struct {
	DB       int
	Type     Type
	Name     string // the first 256 bytes
	NameLen  int64  // bytes in the whole name
	ValueLen int64  // bytes of the value, as Key.ValueLen counts them
}

// Loaded is the number of keys that an import carries over: those neither expired nor empty.
func (st *Stats) Loaded() int64 { return st.Keys - st.Expired - st.Empty }

// Stats returns what is known so far. Its map Aux is the Scanner's own, to be left as it is.
func (s *Scanner) Stats() Stats {
	st := s.stats
	st.Memory += s.db.tables()
	st.Modules = slices.Clone(st.Modules)
	st.Databases = maps.Clone(s.spaces)
	s.db.addTo(&st.Databases)
	s.noted.addTo(&st)
	return st
}

// count books the key that was walked last.
func (s *Scanner) count() {
	k, st := &s.key, &s.stats
	st.Keys++
	st.Types[k.Type]++
	if k.HasMeta {
		st.WithMeta++
	}
	if k.ExpireMS != 0 {
		st.Expiring++
	}
	switch {
	case k.Empty:
		st.Empty++
	case k.Expired:
		st.Expired++
	default:
		st.Memory += k.Memory
		s.noted.note(k)
		s.db.keys++
		if k.ExpireMS != 0 {
			s.db.expiring++
		}
	}
}
