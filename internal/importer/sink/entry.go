package sink

import (
	"encoding/binary"

	"github.com/reimport/reimport/internal/importer/rdb"
)

// mostPlain is the number of bytes of the longest name and value that go into an MSET. The time that it saves is that of a command, and
// a longer value makes up for that.
const mostPlain = 8 << 10

// entry takes the value of one key.
type entry struct {
	r       *Redis
	lane    *lane
	key     rdb.Key
	name    []byte // backs key.Name
	hash    uint64
	text    []byte // the value of a plain string
	left    int64  // bytes of the value to come
	sum     uint64 // of the payload so far
	options []byte // in RESP, behind the payload
	begun   bool
}

// Write adds p to the value.
func (e *entry) Write(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		if done, err := e.begin(p); done || err != nil {
			return len(p), err
		}
	}
	e.sum = rdb.CRC64(e.sum, p)
	if err := e.lane.write(p); err != nil {
		return 0, err
	}
	if e.left -= int64(len(p)); e.left > 0 {
		return len(p), nil
	}
	return len(p), e.end()
}

// begin adds what comes before the value. It reports whether p is all of it, and goes with others.
func (e *entry) begin(p []byte) (done bool, err error) {
	l, k := e.lane, &e.key
	l.use(k.DB)
	if e.r.census.add(k, e.hash) {
		l.setBefore(e.hash)
		if err := l.exists(k); err != nil {
			return false, err
		}
	}
	if e.isPlain(p) {
		var ok bool
		if e.text, ok = rdb.AppendString(e.text[:0], p, mostPlain); ok {
			return true, l.pair(k.Name, e.hash, e.text)
		}
	}
	return false, e.restore()
}

// isPlain reports whether p is all of a string that has nothing but its value.
func (e *entry) isPlain(p []byte) bool {
	k := &e.key
	return k.Type == rdb.TypeString && k.ExpireMS == 0 && k.Idle <= 0 && k.Freq < 0 &&
		int64(len(p)) == e.left && len(p) <= mostPlain && len(k.Name) <= mostPlain
}

// restore begins a RESTORE.
func (e *entry) restore() error {
	l, k := e.lane, &e.key
	out := append(appendArray(l.fill.out, 4+e.setOptions()), "$7\r\nRESTORE\r\n"...)
	l.fill.out = appendLength(out, int64(len(k.Name)))
	if err := l.write(k.Name); err != nil {
		return err
	}
	out = appendInt(append(l.fill.out, "\r\n"...), k.ExpireMS)
	l.fill.out = append(appendLength(out, 1+k.ValueLen+footer), byte(k.Type))
	e.sum = rdb.CRC64(0, []byte{byte(k.Type)})
	return nil
}

// footer is the number of bytes behind the value in a DUMP payload: the format's version, and a checksum over all before it.
const footer = 2 + 8

// end ends a RESTORE.
func (e *entry) end() error {
	l, k := e.lane, &e.key
	version := binary.LittleEndian.AppendUint16(l.fill.out, needOf(k.Type).format)
	sum := rdb.CRC64(e.sum, version[len(version)-2:])
	l.fill.out = append(append(binary.LittleEndian.AppendUint64(version, sum), "\r\n"...), e.options...)
	l.fill.ask(wrote, k.DB, 1, k.Name)
	return l.sendFull()
}

// setOptions sets the options of the RESTORE and returns their number. Without REPLACE a Redis looks once, not twice, for the key; in one
// file there is none to replace.
func (e *entry) setOptions() (n int) {
	k := &e.key
	e.options = e.options[:0]
	if e.r.census.several {
		e.options = appendBulk(e.options, "REPLACE")
		n++
	}
	if k.ExpireMS != 0 {
		e.options = appendBulk(e.options, "ABSTTL")
		n++
	}
	switch {
	case k.Freq >= 0:
		e.options = appendInt(appendBulk(e.options, "FREQ"), int64(k.Freq))
		n += 2
	case k.Idle > 0:
		e.options = appendInt(appendBulk(e.options, "IDLETIME"), k.Idle)
		n += 2
	}
	return n
}

// source takes the source of a function library.
type source struct {
	r          *Redis
	size, left int64
}

// Write adds p to the source.
func (s *source) Write(p []byte) (int, error) {
	l := s.r.lanes[0]
	if s.left == s.size && len(p) > 0 {
		l.fill.out = append(l.fill.out, "*4\r\n$8\r\nFUNCTION\r\n$4\r\nLOAD\r\n$7\r\nREPLACE\r\n"...)
		l.fill.out = appendLength(l.fill.out, s.size)
	}
	if err := l.write(p); err != nil {
		return 0, err
	}
	if s.left -= int64(len(p)); s.left > 0 || len(p) == 0 {
		return len(p), nil
	}
	l.fill.out = append(l.fill.out, "\r\n"...)
	l.fill.ask(library, 0, 0, nil)
	return len(p), l.sendFull()
}
