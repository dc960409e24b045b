package rdb

import "slices"

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

	Functions int64    // function libraries
	ModuleAux int64    // records of modules that belong to no key
	Modules   []string // names of the modules that values or such records belong to, the first 64
	MaxDB     int      // highest database number named
	// Aux holds the file's notes on itself, such as redis-ver, used-mem and ctime: the first 64, each cut at 256 bytes.
	Aux map[string]string
	// Memory estimates the bytes of Redis's memory that the keys take, without the expired and empty ones: what loading
	// them adds to used_memory.
	Memory int64
}

// Stats returns what is known so far. Its map is the Scanner's own, to be left as it is.
func (s *Scanner) Stats() Stats {
	st := s.stats
	st.Memory += s.db.tables()
	st.Modules = slices.Clone(st.Modules)
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
		s.db.keys++
		if k.ExpireMS != 0 {
			s.db.expiring++
		}
	}
}
