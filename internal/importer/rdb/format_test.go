package rdb

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

const streamID = "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"

// values has a value of every type, put together by hand. Those that 7.0 writes are in testdata too, from its own hand.
var values = []struct {
	magic string
	t     Type
	name  string
	write func(f *file)
}{
	{"REDIS0001", TypeString, "plain", func(f *file) { f.text("value") }},
	{"REDIS0001", TypeString, "14 bit length", func(f *file) { f.text(strings.Repeat("v", 300)) }},
	{"REDIS0001", TypeString, "32 bit length", func(f *file) { f.raw(0x80, 0, 0, 0, 3).raw('a', 'b', 'c') }},
	{"REDIS0008", TypeString, "64 bit length", func(f *file) { f.raw(0x81, 0, 0, 0, 0, 0, 0, 0, 2).raw('a', 'b') }},
	{"REDIS0001", TypeString, "int8", func(f *file) { f.raw(0xC0, 0xFF) }},
	{"REDIS0001", TypeString, "int16", func(f *file) { f.raw(0xC1, 1, 2) }},
	{"REDIS0001", TypeString, "int32", func(f *file) { f.raw(0xC2, 1, 2, 3, 4) }},
	{"REDIS0001", TypeString, "lzf", func(f *file) { f.lzf(strings.Repeat("compressed", 9)) }},
	{"REDIS0001", TypeList, "list", func(f *file) { f.length(3).texts("a", "", "c") }},
	{"REDIS0001", TypeSet, "set", func(f *file) { f.length(2).text("a").raw(0xC0, 7) }},
	{"REDIS0001", TypeZSet, "zset", func(f *file) {
		f.length(4).text("a").text("1.5").text("b").text("-2e3").text("c").raw(254).text("d").raw(255)
	}},
	{"REDIS0001", TypeHash, "hash", func(f *file) { f.length(2).texts("a", "1", "b", "2") }},
	{"REDIS0008", TypeZSet2, "zset 2", func(f *file) { f.length(2).text("a").f64(1).text("b").f64(math.Inf(1)) }},
	{"REDIS0008", TypeModule2, "module", func(f *file) {
		f.length(0x4B1B6B2B6B2B6801).lengths(1, 5, 2, 6, 3).raw(1, 2, 3, 4).length(4).u64(1).length(5).text("text").length(0)
	}},
	{"REDIS0002", TypeHashZipmap, "zipmap", func(f *file) { f.text("\x01\x01a\x01\x00b\xFF") }},
	{"REDIS0002", TypeListZiplist, "list ziplist", func(f *file) { f.text(ziplist("a", "b")) }},
	{"REDIS0002", TypeSetIntset, "intset", func(f *file) { f.text(intset(3)) }},
	{"REDIS0002", TypeZSetZiplist, "zset ziplist", func(f *file) { f.text(ziplist("a", "1")) }},
	{"REDIS0004", TypeHashZiplist, "hash ziplist", func(f *file) { f.lzf(ziplist(numbered("a", 30)...)) }},
	{"REDIS0007", TypeListQuicklist, "quicklist", func(f *file) { f.length(2).texts(ziplist("a"), ziplist("b", "c")) }},
	{"REDIS0009", TypeStreamListpacks, "stream", func(f *file) {
		f.length(1).texts(streamID, listpack("a")).lengths(1, 1, 1)
		f.length(1).text("group").lengths(1, 1, 1).raw([]byte(streamID)...).u64(9).length(1)
		f.length(1).text("consumer").u64(9).length(1).raw([]byte(streamID)...)
	}},
	{"REDIS0010", TypeHashListpack, "hash listpack", func(f *file) { f.text(listpack("a", "b")) }},
	{"REDIS0010", TypeZSetListpack, "zset listpack", func(f *file) { f.text(listpack("a", "1")) }},
	{"REDIS0010", TypeListQuicklist2, "quicklist 2", func(f *file) {
		f.length(2).length(nodePlain).text("plain").length(nodePacked).text(listpack("a", "b"))
	}},
	{"REDIS0010", TypeStreamListpacks2, "stream 2", func(f *file) {
		f.length(0).lengths(0, 5, 1, 0, 0, 5, 1, 7)
		f.length(1).text("group").lengths(1, 1, 4, 0, 0)
	}},
	{"REDIS0011", TypeSetListpack, "set listpack", func(f *file) { f.text(listpack("a", "b")) }},
	{"REDIS0011", TypeStreamListpacks3, "stream 3", func(f *file) {
		f.length(1).texts(streamID, listpack("a")).lengths(1, 1, 1, 1, 1, 0, 0, 1)
		f.length(1).text("group").lengths(1, 1, 1, 1).raw([]byte(streamID)...).u64(9).length(1)
		f.length(1).text("consumer").u64(9).u64(8).length(1).raw([]byte(streamID)...)
	}},
	{"REDIS0012", TypeHashMetadata, "hash metadata", func(f *file) {
		f.u64(1_900_000_000_000).length(2).length(1).texts("a", "1").length(0).texts("b", "2")
	}},
	{"REDIS0012", TypeHashListpackEx, "hash listpack ex", func(f *file) {
		f.u64(1_900_000_000_000).text(listpack("a", "1", "1900000000000"))
	}},
	{"REDIS0013", TypeStreamListpacks4, "stream 4", func(f *file) {
		f.length(1).texts(streamID, listpack("a")).lengths(1, 1, 1, 1, 1, 0, 0, 1, 0)
		f.lengths(100, 100, 1).text("producer").length(2).text("one").lengths(1, 1).text("two").lengths(1, 2).lengths(2, 0)
	}},
	{"REDIS0014", TypeStreamListpacks5, "stream 5", func(f *file) {
		f.length(1).texts(streamID, listpack("a")).lengths(1, 1, 1, 1, 1, 0, 0, 1)
		f.length(1).text("group").lengths(1, 1, 1, 1).raw([]byte(streamID)...).u64(9).length(1)
		f.length(1).text("consumer").u64(9).u64(8).length(0).length(1).raw([]byte(streamID)...)
		f.lengths(100, 100, 0, 0, 0)
	}},
	{"VALKEY080", TypeHash2, "valkey hash", func(f *file) {
		f.length(2).texts("a", "1").u64(1_900_000_000_000).texts("b", "2").u64(math.MaxUint64)
	}},
	{"VALKEY080", TypeStreamListpacks3, "valkey stream", func(f *file) { f.lengths(0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }},
}

// TestValues wants each value back byte by byte, and the key behind it in its place.
func TestValues(t *testing.T) {
	for _, v := range values {
		t.Run(v.name, func(t *testing.T) {
			f := newFile(v.magic).db(0).key(v.t, "key")
			start := len(f.b)
			v.write(f)
			want := slices.Clone(f.b[start:])
			data := f.key(TypeString, "next").text("x").end()
			for _, stream := range []bool{false, true} {
				s := NewScanner(bytes.NewReader(data))
				if !s.Next() {
					t.Fatal(s.Err())
				}
				var got bytes.Buffer
				if stream {
					s.WriteValue(&got)
				} else {
					s.SkipValue()
				}
				if k := s.Key(); k.Offset != int64(start) || k.ValueLen != int64(len(want)) || k.Type != v.t || k.Memory <= 0 {
					t.Errorf("key is %+v, want offset %d, length %d", *k, start, len(want))
				}
				if stream && !bytes.Equal(got.Bytes(), want) {
					t.Errorf("value is %x, want %x", got.Bytes(), want)
				}
				if !s.Next() || string(s.Key().Name) != "next" || s.Next() || s.Err() != nil {
					t.Errorf("after the value: key %q, error %v", s.Key().Name, s.Err())
				}
			}
		})
	}
}

// Values that lie across the window's edges, or are longer than it, must come out whole.
func TestLongValues(t *testing.T) {
	rng := newRand()
	f := newFile("REDIS0011").db(0)
	const each = 12
	f.b = slices.Grow(f.b, each<<20)
	for i := range each {
		f.key(TypeString, fmt.Sprint("string", i)).text(noise(rng, 100_000+rng.IntN(100_000)))
		f.key(TypeSet, fmt.Sprint("set", i)).length(3).texts(noise(rng, 700_000), "", noise(rng, 300))
	}
	data := f.end()
	s := NewScanner(bytes.NewReader(data))
	var got bytes.Buffer
	for s.Next() {
		got.Reset()
		k := s.Key()
		n, err := s.WriteValue(&got)
		if err != nil || n != k.ValueLen || !bytes.Equal(got.Bytes(), data[k.Offset:k.Offset+n]) {
			t.Errorf("%s: %d of %d bytes written, %v, or others than the file's", k.Name, got.Len(), k.ValueLen, err)
		}
	}
	if s.Err() != nil || s.Stats().Keys != 2*each || s.Offset() != int64(len(data)) {
		t.Errorf("%v after %d keys and %d of %d bytes", s.Err(), s.Stats().Keys, s.Offset(), len(data))
	}
}

// allValues is one file of every type and opcode of the Redis dialect.
func allValues() []byte {
	f := newFile("REDIS0014").aux("redis-ver", "8.8.0").aux("used-mem", "1000").raw(245).lzf("#!lua name=x\n return 1 -- pad")
	f.raw(247).length(0x4B1B6B2B6B2B6801).lengths(2, 1, 5).text("aux").length(0)
	f.db(0).raw(251).lengths(30, 2).raw(244).lengths(1, 2, 3)
	for i, v := range values {
		if v.magic[0] == 'V' {
			continue
		}
		switch i % 5 {
		case 0:
			f.expireMS(1_900_000_000_000).raw(248).length(500)
		case 1:
			f.raw(253, 0, 0, 0, 1).raw(249, 77)
		case 2:
			f.raw(243).length(1).raw('m', 'e', 't', 'a').lengths(2, 9, 0)
		case 3:
			f.db(uint64(i))
		}
		v.write(f.key(v.t, v.name))
	}
	return f.end()
}

// valkeyValues is a file of what only Valkey writes.
func valkeyValues() []byte {
	f := newFile("VALKEY080").aux("valkey-ver", "9.0.1").raw(243).text("job").lengths(2, 1, 5, 9, 9).db(0)
	for _, v := range values {
		if v.magic[0] == 'V' {
			v.write(f.key(v.t, v.name))
		}
	}
	return f.end()
}

func TestOpcodes(t *testing.T) {
	s := NewScanner(bytes.NewReader(allValues()))
	s.Now = 1_800_000_000_000
	for i := 0; s.Next(); i++ {
		k := *s.Key()
		wantExpire, wantIdle, wantFreq := int64(0), int64(-1), -1
		switch i % 5 {
		case 0:
			wantExpire, wantIdle = 1_900_000_000_000, 500
		case 1:
			wantExpire, wantFreq = 16_777_216_000, 77
		}
		if k.ExpireMS != wantExpire || k.Idle != wantIdle || k.Freq != wantFreq || k.HasMeta != (i%5 == 2) ||
			k.Expired != (i%5 == 1) || k.DB != max(0, (i-3)/5*5+3) && i >= 3 {
			t.Errorf("key %d is %+v", i, k)
		}
	}
	st := s.Stats()
	if s.Err() != nil || st.Version != 14 || st.Dialect != Redis || !st.Checksum || st.Functions != 1 || st.ModuleAux != 1 ||
		len(st.Modules) != 1 || st.MaxDB != 28 || st.Aux["redis-ver"] != "8.8.0" || st.Aux["used-mem"] != "1000" ||
		st.Keys != 31 || st.Expiring != 13 || st.Expired != 6 || st.WithMeta != 6 || st.Types[TypeString] != 8 {
		t.Errorf("error %v, stats %+v", s.Err(), st)
	}
}

func TestValkey(t *testing.T) {
	s := NewScanner(bytes.NewReader(valkeyValues()))
	for s.Next() {
	}
	if st := s.Stats(); s.Err() != nil || st.Dialect != Valkey || st.Version != 80 || st.Keys != 2 || st.Aux["valkey-ver"] != "9.0.1" {
		t.Errorf("error %v, stats %+v", s.Err(), st)
	}
}

// Redis drops collections without elements when it loads a file, and refuses them in RESTORE.
func TestEmpty(t *testing.T) {
	f := newFile("REDIS0012").db(0)
	for _, typ := range []Type{TypeList, TypeSet, TypeZSet, TypeHash, TypeZSet2, TypeListQuicklist, TypeListQuicklist2} {
		f.key(typ, typ.String()).length(0)
	}
	f.key(TypeHashMetadata, "").u64(0).length(0)
	f.key(TypeHashListpackEx, "").u64(0).text(listpack())
	f.key(TypeHashListpack, "").text(listpack()).key(TypeZSetListpack, "").text(listpack()).key(TypeSetListpack, "").text(listpack())
	f.key(TypeListZiplist, "").text(ziplist()).key(TypeSetIntset, "").text(intset(0)).key(TypeHashZipmap, "").text("\x00\xFF")
	data := f.end()
	s := NewScanner(bytes.NewReader(data))
	for s.Next() {
		if !s.Key().Empty {
			t.Errorf("%s is not told as empty", s.Key().Type)
		}
	}
	if st := s.Stats(); s.Err() != nil || st.Empty != 15 || st.Keys != 15 || st.Memory != 0 {
		t.Errorf("error %v, stats %+v", s.Err(), st)
	}
	s.Reset(io.MultiReader(
		bytes.NewReader(newFile("REDIS0011").key(TypeString, "like an empty listpack").text(listpack()).b),
		bytes.NewReader(allValues()[9:len(allValues())-8]), strings.NewReader("\x00\x00\x00\x00\x00\x00\x00\x00")))
	for s.Next() {
		if k := s.Key(); k.Empty {
			t.Errorf("%s is told as empty", k.Name)
		}
	}
	if s.Err() != nil {
		t.Error(s.Err())
	}
}

func TestExpiry(t *testing.T) {
	const now = 1_800_000_000_000
	for _, c := range []struct {
		opcode  *file
		ms      int64
		expired bool
	}{
		{new(file), 0, false},
		{new(file).expireMS(-1), 0, false}, // as rdbLoadRio has it
		{new(file).expireMS(-2), -2, true},
		{new(file).expireMS(0), 1, true},
		{new(file).expireMS(now - 1), now - 1, true},
		{new(file).expireMS(now), now, false},
		{new(file).raw(253, 0x10, 0, 0, 0), 16_000, true},
		{new(file).raw(253, 0xFF, 0xFF, 0xFF, 0x7F), 2_147_483_647_000, false},
	} {
		s := NewScanner(bytes.NewReader(newFile("REDIS0011").raw(c.opcode.b...).key(TypeString, "k").text("v").end()))
		s.Now = now
		if !s.Next() || s.Key().ExpireMS != c.ms || s.Key().Expired != c.expired {
			t.Errorf("%x: %v, key %+v; want %d, expired %v", c.opcode.b, s.Err(), *s.Key(), c.ms, c.expired)
		}
		s.Next()
		if st := s.Stats(); (st.Expiring == 1) != (c.ms != 0) || (st.Expired == 1) != c.expired || (st.Memory == 0) != c.expired {
			t.Errorf("%x: stats %+v", c.opcode.b, st)
		}
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 70_000)
	f := newFile("REDIS0011").db(0).
		raw(0).raw(0xC0, 0x80).text("").
		raw(0).raw(0xC1, 0x00, 0x80).text("").
		raw(0).raw(0xC2, 0x00, 0x00, 0x00, 0x80).text("").
		raw(0).lzf(long[:100]).text("").
		raw(0).lzf(long).text("").
		raw(0).packed(long).text("").
		raw(0).raw(0xC3, 5, 8, 0x01, 'a', 'b', 0x80, 0x01).text(""). // "ab" and 6 bytes from 2 back
		raw(0).text(long).text("").
		raw(0).text("").text("")
	want := []struct {
		name string
		size int
	}{
		{"-128", 4}, {"-32768", 6}, {"-2147483648", 11}, {long[:100], 100}, {long[:MaxName], len(long)},
		{long[:MaxName], len(long)}, {"abababab", 8},
		{long[:MaxName], len(long)}, {"", 0},
	}
	s := NewScanner(bytes.NewReader(f.end()))
	for i := 0; s.Next(); i++ {
		if k := s.Key(); string(k.Name) != want[i].name || k.NameLen != int64(want[i].size) {
			t.Errorf("name %d is %.50q of %d, length %d", i, k.Name, len(k.Name), k.NameLen)
		}
	}
	if s.Err() != nil || s.Stats().Keys != int64(len(want)) {
		t.Errorf("error %v after %d keys", s.Err(), s.Stats().Keys)
	}
}

func TestTypeNames(t *testing.T) {
	for _, v := range values {
		if strings.HasPrefix(v.t.String(), "type ") {
			t.Errorf("type %d has no name", v.t)
		}
	}
	if got := fmt.Sprint(Type(8), Type(99), Redis, Valkey); got != "type 8 type 99 redis valkey" {
		t.Error(got)
	}
}
