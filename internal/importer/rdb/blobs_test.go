package rdb

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestDamagedBlobs: what Redis always refuses must not depend on a checksum, which these files lack.
func TestDamagedBlobs(t *testing.T) {
	long := numbered("some element:", 3000)
	few, edge := listpack("a", "b"), "\x00\x00"
	cut := func(s string) string { return s[:len(s)-1] }
	grown := func(s string) string { return cut(s) + edge + "\xFF" }
	endless := func(s string) string { return cut(s) + "\xFE" }
	type row struct {
		name  string
		t     Type
		blob  string
		whole bool
	}
	rows := []row{
		{"listpack", TypeHashListpack, few, true},
		{"long listpack", TypeSetListpack, listpack(long...), true},
		{"long listpack, cut", TypeSetListpack, cut(listpack(long...)), false},
		{"listpack, cut", TypeZSetListpack, cut(few), false},
		{"listpack, grown", TypeHashListpack, grown(few), false},
		{"listpack without its end", TypeHashListpack, endless(few), false},
		{"listpack too short for its header", TypeHashListpack, "\x06\x00\x00\x00\x00\xFF", false},
		{"listpack of nothing", TypeHashListpack, "", false},
		{"ziplist", TypeHashZiplist, ziplist("a", "b"), true},
		{"ziplist, cut", TypeListZiplist, cut(ziplist("a", "b")), false},
		{"ziplist, grown", TypeZSetZiplist, grown(ziplist("a", "b")), false},
		{"ziplist without its end", TypeHashZiplist, endless(ziplist("a", "b")), false},
		{"ziplist too short for its header", TypeHashZiplist, "\x0A\x00\x00\x00\x0A\x00\x00\x00\x00\xFF", false},
		{"intset", TypeSetIntset, intset(3), true},
		{"long intset", TypeSetIntset, intset(20_000), true},
		{"intset, cut", TypeSetIntset, cut(intset(3)), false},
		{"intset, grown", TypeSetIntset, intset(3) + edge, false},
		{"intset of another width", TypeSetIntset, "\x03" + intset(3)[1:] + "\x00\x00\x00", false},
		{"intset with a huge count", TypeSetIntset, "\x02\x00\x00\x00\xFF\xFF\xFF\xFF", false},
		{"half a header of an intset", TypeSetIntset, intset(3)[:7], false},
		{"zipmap", TypeHashZipmap, "\x01\x01a\x01\x00b\xFF", true},
		{"zipmap without its end", TypeHashZipmap, "\x01\x01a\x01\x00b\x00", false},
		{"zipmap of one byte", TypeHashZipmap, "\xFF", false},
	}
	s := NewScanner(nil)
	s.Strict = true
	for _, r := range rows {
		for _, value := range []struct {
			how  string
			file *file
		}{
			{"plain", new(file).text(r.blob)},
			{"compressed", new(file).packed(r.blob)},
			{"compressed to literals", new(file).lzf(r.blob)},
		} {
			if r.blob == "" && value.how != "plain" {
				continue
			}
			data := newFile("REDIS0011").key(r.t, "k").raw(value.file.b...).raw(255).u64(0).b
			for _, in := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data))} {
				err := scan(s, in)
				var e *Error
				if r.whole && err != nil || !r.whole && (!errors.Is(err, ErrCorrupt) || !errors.As(err, &e) || e.Offset != 12) {
					t.Errorf("%s, %s: %v", r.name, value.how, err)
				}
			}
		}
	}
}

// TestBlobsWithin: nodes of lists and streams are blobs as well.
func TestBlobsWithin(t *testing.T) {
	bad := listpack("a")[:7]
	for name, f := range map[string]*file{
		"quicklist":        newFile("REDIS0011").key(TypeListQuicklist, "k").length(1).text(ziplist("a")[:11]),
		"quicklist 2":      newFile("REDIS0011").key(TypeListQuicklist2, "k").lengths(1, nodePacked).text(bad),
		"stream":           newFile("REDIS0011").key(TypeStreamListpacks3, "k").length(1).texts(streamID, bad),
		"hash listpack ex": newFile("REDIS0012").key(TypeHashListpackEx, "k").u64(0).text(bad),
		"number":           newFile("REDIS0011").key(TypeHashListpack, "k").raw(0xC0, 1),
	} {
		if err := scan(NewScanner(nil), bytes.NewReader(f.raw(255).u64(0).b)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "do not begin or end like") {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := newFile("REDIS0011").key(TypeListQuicklist2, "k").lengths(1, nodePlain).text(bad).raw(255).u64(0).b
	if err := scan(NewScanner(nil), bytes.NewReader(plain)); err != nil {
		t.Errorf("plain node: %v", err)
	}
}

// TestDamagedLZF: strings that are skipped are checked as those that are decoded.
func TestDamagedLZF(t *testing.T) {
	for _, c := range []struct {
		name string
		n    uint64
		lzf  []byte
		says string
	}{
		{"whole", 8, []byte{1, 'a', 'b', 0x80, 1}, ""},
		{"long reference", 11, []byte{1, 'a', 'b', 0xE0, 0, 1}, ""},
		{"reference to before the string", 8, []byte{1, 'a', 'b', 0x80, 2}, noLZF},
		{"reference at the front", 3, []byte{0x20, 0}, noLZF},
		{"stored item cut off", 3, []byte{3, 'a', 'b', 'c'}, noLZF},
		{"reference cut off", 4, []byte{1, 'a', 'b', 0x80}, noLZF},
		{"long reference cut off", 11, []byte{1, 'a', 'b', 0xE0, 0}, noLZF},
		{"long reference without its length", 11, []byte{1, 'a', 'b', 0xE0}, noLZF},
		{"shorter than announced", 9, []byte{1, 'a', 'b', 0x80, 1}, otherLZF},
		{"longer than announced", 7, []byte{1, 'a', 'b', 0x80, 1}, otherLZF},
	} {
		text := func(f *file) *file { return f.raw(0xC3).lengths(uint64(len(c.lzf)), c.n).raw(c.lzf...) }
		for where, f := range map[string]*file{
			"value":   text(newFile("REDIS0011").key(TypeString, "k")),
			"name":    text(newFile("REDIS0011").raw(0)).text("x"),
			"element": text(newFile("REDIS0011").key(TypeSet, "k").length(1)),
			"library": text(newFile("REDIS0011").raw(245)),
			"aux":     text(newFile("REDIS0011").raw(250).text("field")),
		} {
			data := f.raw(255).u64(0).b
			for _, in := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data))} {
				s := NewScanner(nil)
				s.Strict = true
				s.Library = func(int64) io.Writer { return new(counter) }
				err := scan(s, in)
				if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says)) {
					t.Errorf("%s, %s: %v, want %q", where, c.name, err, c.says)
				}
			}
		}
	}
}
