package rdb

// maxMentioned is how many bytes of a name a Mention has.
const maxMentioned = 256

// maxSpaces bounds the databases whose keys are counted each.
const maxSpaces = 1024

// mention is a Mention in room of its own, so that the next key may take its place without an allocation.
type mention struct {
	Mention
	name [maxMentioned]byte
}

func (m *mention) isSet() bool { return m.ValueLen > 0 }

func (m *mention) set(k *Key) {
	m.Mention = Mention{DB: k.DB, Type: k.Type, NameLen: k.NameLen, ValueLen: k.ValueLen}
	copy(m.name[:], k.Name)
}

func (m *mention) whole() Mention {
	c := m.Mention
	c.Name = string(m.name[:min(c.NameLen, maxMentioned)])
	return c
}

// mentions are the keys that stick out of a file.
type mentions struct {
	longestName    mention
	first, largest [lastType + 1]mention
	modules        [maxModules]mention // the first key of each of Stats.Modules
	module         int                 // index of the module of the value that was walked last; -1 if it is not kept
}

// reset forgets the keys, but not the room for them.
func (m *mentions) reset() {
	m.longestName.Mention = Mention{}
	for t := range m.first {
		m.first[t].Mention, m.largest[t].Mention = Mention{}, Mention{}
	}
	for i := range m.modules {
		m.modules[i].Mention = Mention{}
	}
}

// note looks at a key that is loaded.
func (m *mentions) note(k *Key) {
	if largest := &m.largest[k.Type]; k.ValueLen > largest.ValueLen {
		largest.set(k)
	}
	if first := &m.first[k.Type]; !first.isSet() {
		first.set(k)
	}
	if !m.longestName.isSet() || k.NameLen > m.longestName.NameLen {
		m.longestName.set(k)
	}
	if k.Type == TypeModule2 && m.module >= 0 && !m.modules[m.module].isSet() {
		m.modules[m.module].set(k)
	}
}

func (m *mentions) addTo(st *Stats) {
	st.LongestName = m.longestName.whole()
	for t := range m.first {
		st.First[t], st.Largest[t] = m.first[t].whole(), m.largest[t].whole()
	}
	for i := range st.Modules {
		st.Modules[i].First = m.modules[i].whole()
	}
}

// addTo books the keys of the database that is selected.
func (d database) addTo(spaces *map[int]Keyspace) {
	at, known := (*spaces)[d.index]
	if d.keys == 0 || !known && len(*spaces) >= maxSpaces {
		return
	}
	if *spaces == nil {
		*spaces = make(map[int]Keyspace)
	}
	(*spaces)[d.index] = Keyspace{at.Keys + int64(d.keys), at.Expiring + int64(d.expiring)}
}
