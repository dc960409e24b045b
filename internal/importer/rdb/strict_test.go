package rdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// pendingStream is a stream of one group, with pending entries and consumers that have entries.
func pendingStream(pending []string, consumers ...[]string) *file {
	f := newFile("REDIS0010").key(TypeStreamListpacks2, "s")
	f.length(1).texts(streamID, listpack("a")).lengths(1, 1, 1, 1, 1, 0, 0, 1).length(1).text("g").lengths(1, 1, 1)
	f.length(uint64(len(pending)))
	for _, id := range pending {
		f.raw([]byte(id)...).u64(9).length(1)
	}
	f.length(uint64(len(consumers)))
	for i, ids := range consumers {
		f.text(fmt.Sprint("c", i)).u64(9).length(uint64(len(ids)))
		for _, id := range ids {
			f.raw([]byte(id)...)
		}
	}
	return f
}

// TestStrict has damage that keeps a file's structure, which Redis refuses and only a strict scan sees, and what looks like
// it and is none.
func TestStrict(t *testing.T) {
	begin := func() *file { return newFile("REDIS0010").db(0) }
	one, two := strings.Repeat("1", 16), strings.Repeat("2", 16)
	members := func(typ Type, m ...string) *file { return begin().key(typ, "k").length(uint64(len(m))).texts(m...) }
	long := strings.Repeat("long", 20)
	library := func(source string) *file { return begin().raw(245).text(source) }
	for _, c := range []struct {
		name string
		file *file
		says string
	}{
		{"set", members(TypeSet, "a", "b"), ""},
		{"set with a member twice", members(TypeSet, "a", "b", "a"), "member"},
		{"set with a number twice", begin().key(TypeSet, "k").length(2).text("12").raw(0xC0, 12), "member"},
		{"set with a compressed member twice", begin().key(TypeSet, "k").length(2).text(long).packed(long), "member"},
		{"zset with a member twice", begin().key(TypeZSet2, "k").length(2).text("a").f64(1).text("a").f64(2), "member"},
		{"old zset with a member twice", begin().key(TypeZSet, "k").length(2).texts("a", "1", "a", "2"), "member"},
		{"score that is not a number", begin().key(TypeZSet2, "k").length(1).text("a").u64(0x7FF8 << 48), noScore},
		{"old score that is not a number", begin().key(TypeZSet, "k").length(1).text("a").raw(253), noScore},
		{"old score that is text", begin().key(TypeZSet, "k").length(1).texts("a", "x"), noScore},
		{"old score of nothing", begin().key(TypeZSet, "k").length(1).texts("a", ""), noScore},
		{"old score that is a sign", begin().key(TypeZSet, "k").length(1).texts("a", "-."), noScore},
		{"old scores", begin().key(TypeZSet, "k").length(6).texts("a", "-1.5", "b", "inf", "e", " +.5x", "f", "0x1p3").text("c").raw(254).text("d").raw(255), ""},
		{"short hash with a field twice", members(TypeHash, "a", "1", "a", "2").fix(14, 2), ""},
		{"long hash with a field twice", members(TypeHash, "a", "1", "a", long).fix(14, 2), "fields that differ"},
		{"key twice", begin().key(TypeString, "k").text("1").key(TypeString, "k").text("2"), "in database 0"},
		{"key twice, later", begin().key(TypeString, "k").text("1").db(1).db(0).key(TypeString, "k").text("2"), "in database 0"},
		{"key in two databases", begin().key(TypeString, "k").text("1").db(1).key(TypeString, "k").text("2"), ""},
		{"key twice, expired once", begin().expireMS(1).key(TypeString, "k").text("1").key(TypeString, "k").text("2"), ""},
		{"key twice, empty once", begin().key(TypeSet, "k").length(0).key(TypeString, "k").text("2"), ""},
		{"pending entries", pendingStream([]string{one, two}, []string{two}, []string{one}), ""},
		{"pending entry of two consumers", pendingStream([]string{one, two}, []string{two, one}, []string{one}), "of one consumer"},
		{"pending entry of no group", pendingStream([]string{one}, []string{two}), "pending in the group"},
		{"pending entry twice", pendingStream([]string{one, one}), "pending entry"},
		{"pending entry twice in a consumer", pendingStream([]string{one}, []string{one, one}), "of one consumer"},
		{"consumer twice", begin().key(TypeStreamListpacks, "s").lengths(0, 0, 0, 0, 1).text("g").lengths(0, 0, 0, 2).text("c").u64(1).length(0).text("c").u64(1).length(0), "consumer"},
		{"group twice", begin().key(TypeStreamListpacks, "s").lengths(0, 0, 0, 0, 2).text("g").lengths(0, 0, 0, 0).text("g").lengths(0, 0, 0, 0), "group"},
		{"stream id twice", begin().key(TypeStreamListpacks, "s").length(2).texts(one, listpack("a"), one, listpack("a")).lengths(2, 0, 0, 0), "stream id"},
		{"library", library("#!lua name=a_1\n"), ""},
		{"library with its name first", library("#!lua NAME=a\n"), ""},
		{"compressed library", begin().raw(245).packed("#!lua name=a\n" + long), ""},
		{"libraries of one name", library("#!lua name=a\n").raw(245).text("#!lua name=a\n"), "another name"},
		{"library without an end of its first line", library("#!lua name=a"), "begins with #!"},
		{"library without a name", library("#!lua \n"), "begins with #!"},
		{"library with two names", library("#!lua name=a name=b\n"), "begins with #!"},
		{"library of another name", library("#!lua name=a-b\n"), "begins with #!"},
		{"library of nothing", library(""), "begins with #!"},
		{"compressed value", begin().key(TypeString, "k").raw(0xC3).lengths(3, 9).raw(0x20, 0, 0), noLZF},
	} {
		data := c.file.raw(255).u64(0).b
		s := NewScanner(nil)
		s.Now = 2
		if err := scan(s, bytes.NewReader(data)); err != nil {
			t.Errorf("%s, not strictly: %v", c.name, err)
		}
		s.Strict = true
		err := scan(s, bytes.NewReader(data))
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

// fix overwrites the byte at offset at.
func (f *file) fix(at int, b byte) *file {
	f.b[at] = b
	return f
}

// TestEmptyStreamNodes: Redis refuses these with or without a checksum.
func TestEmptyStreamNodes(t *testing.T) {
	empty := newFile("REDIS0010").key(TypeStreamListpacks, "s").length(1).texts(streamID, listpack()).lengths(1, 0, 0, 0)
	none := newFile("REDIS0010").key(TypeStreamListpacks, "s").length(0).lengths(1, 0, 0, 0)
	for _, f := range []*file{empty, none} {
		if err := scan(NewScanner(nil), bytes.NewReader(f.end())); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%x: %v", f.b, err)
		}
	}
}

// TestEncodedLengths: a length that no string has may look like a string's encoding. Redis takes its lower bits.
func TestEncodedLengths(t *testing.T) {
	f := newFile("REDIS0010").raw(254, 0xC3).raw(251, 0xC2, 0xC1).key(TypeSet, "none").raw(0xC0).
		key(TypeSet, "one").raw(0xC1).text("member").key(TypeString, "lzf").raw(0xC3, 0xC2, 0x01, 0, 'x')
	s := NewScanner(bytes.NewReader(f.end()))
	var got []string
	for s.Next() {
		k := s.Key()
		got = append(got, fmt.Sprintf("%d %s %v", k.DB, k.Name, k.Empty))
	}
	if want := "[3 none true 3 one false 3 lzf false]"; s.Err() != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v; want %s", got, s.Err(), want)
	}
}

// TestStrictMemory: what a strict scan keeps must not grow with the file.
func TestStrictMemory(t *testing.T) {
	used := func(n uint64) uint64 {
		r := io.MultiReader(bytes.NewReader(newFile("REDIS0010").key(TypeSet, "k").length(n).b), &numbers{left: n},
			bytes.NewReader(new(file).raw(255).u64(0).b))
		return allocatedBy(func() {
			s := NewScanner(r)
			if s.Strict = true; scan(s, r) != nil {
				t.Fatal(s.Err())
			}
		})
	}
	few, many := used(2*maxSeen), used(5*maxSeen)
	t.Logf("%d bytes allocated for %d members, %d for %d", few, 2*maxSeen, many, 5*maxSeen)
	if many > few+1<<20 {
		t.Errorf("%d bytes were allocated for %d members, %d for %d", few, 2*maxSeen, many, 5*maxSeen)
	}
}

// numbers yields left members of a set that differ.
type numbers struct {
	left       uint64
	text, rest []byte
}

func (n *numbers) Read(p []byte) (int, error) {
	if len(n.rest) == 0 {
		if n.left == 0 {
			return 0, io.EOF
		}
		n.left--
		n.text = binary.BigEndian.AppendUint64(append(n.text[:0], 8), n.left)
		n.rest = n.text
	}
	k := copy(p, n.rest)
	n.rest = n.rest[k:]
	return k, nil
}
