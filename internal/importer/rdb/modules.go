package rdb

import "slices"

// What a module wrote is a run of numbered fields, ended by 0, so that it can be walked without the module.
const (
	moduleEnd = iota
	moduleSigned
	moduleUnsigned
	moduleFloat
	moduleDouble
	moduleString
)

// maxModules bounds the names that are remembered.
const maxModules = 64

func (s *Scanner) module() {
	start := s.in.offset()
	s.noted.module = s.moduleID()
	s.moduleFields()
	s.mem += objectSize + s.in.offset() - start
}

// moduleAux is data of a module that belongs to no key.
func (s *Scanner) moduleAux() {
	s.moduleID()
	at := s.in.offset()
	if op := s.in.length(); op != moduleUnsigned {
		s.in.fail(at, ErrCorrupt, "expected module field %d, found %d", moduleUnsigned, op)
	}
	s.in.length() // whether before or after the keys
	s.moduleFields()
	s.stats.ModuleAux++
}

// keyMeta is data of modules that belongs to the next key: of each its class in 4 bytes, then fields.
func (s *Scanner) keyMeta() {
	for n := s.in.length(); n > 0 && s.in.err == nil; n-- {
		s.in.take(4)
		s.moduleFields()
	}
	s.next.meta = true
}

func (s *Scanner) moduleFields() {
	in := &s.in
	for in.err == nil {
		at := in.offset()
		switch op := in.length(); op {
		case moduleEnd:
			return
		case moduleSigned, moduleUnsigned:
			in.length()
		case moduleFloat:
			in.take(4)
		case moduleDouble:
			in.take(8)
		case moduleString:
			in.skipString()
		default:
			in.fail(at, ErrCorrupt, "expected a module field 0 to %d, found %d", moduleString, op)
		}
	}
}

// moduleID notes which module wrote what follows: 9 characters of 6 bits, then 10 bits of version. It returns the module's
// index in Stats.Modules, or -1.
func (s *Scanner) moduleID() int {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	id := s.in.length()
	if s.in.err != nil {
		return -1
	}
	var name [9]byte
	for i := range name {
		name[i] = alphabet[id>>(58-6*i)&0x3F]
	}
	modules := &s.stats.Modules
	at := slices.IndexFunc(*modules, func(m Module) bool { return m.Name == string(name[:]) })
	if at < 0 && len(*modules) < maxModules {
		at = len(*modules)
		*modules = append(*modules, Module{Name: string(name[:])})
	}
	return at
}
