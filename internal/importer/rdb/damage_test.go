package rdb

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// scan reads the whole of r and returns the error that ended it.
func scan(s *Scanner, r io.Reader) error {
	s.Reset(r)
	for s.Next() {
	}
	return s.Err()
}

// whole are files that every kind of damage is done to.
func whole(t *testing.T) map[string][]byte {
	files := map[string][]byte{"all values": allValues(), "valkey": valkeyValues()}
	for _, f := range fixtures[1:] {
		files[f.name] = fixture(t, f.name)
	}
	for _, v := range values {
		f := newFile(v.magic).db(0).key(v.t, "k")
		v.write(f)
		files[v.magic+" "+v.name] = f.end()
	}
	return files
}

func TestTruncated(t *testing.T) {
	s := NewScanner(nil)
	for name, data := range whole(t) {
		if err := scan(s, bytes.NewReader(data)); err != nil {
			t.Fatalf("%s, whole: %v", name, err)
		}
		for cut := range data {
			err := scan(s, bytes.NewReader(data[:cut]))
			var e *Error
			if !errors.Is(err, ErrCorrupt) || !errors.As(err, &e) || e.Offset > int64(cut) {
				t.Errorf("%s, cut to %d of %d bytes: %v", name, cut, len(data), err)
			}
		}
	}
}

// A flipped bit may make a file look as if it held what is known and unsupported, or a length too long, but never right.
func TestFlippedBits(t *testing.T) {
	s := NewScanner(nil)
	for name, data := range whole(t) {
		if err := scan(s, bytes.NewReader(data)); err != nil || !s.Stats().Checksum {
			continue
		}
		for i := range data {
			for bit := range 8 {
				data[i] ^= 1 << bit
				if err := scan(s, bytes.NewReader(data)); !ours(err) {
					t.Errorf("%s, bit %d of byte %d flipped: %v", name, bit, i, err)
				}
				data[i] ^= 1 << bit
			}
		}
	}
}

func ours(err error) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains([]error{ErrCorrupt, ErrUnsupported, ErrKeyTooLong, ErrBulkLength}, e.Err)
}

func TestRefusals(t *testing.T) {
	begin := func() *file { return newFile("REDIS0011").db(0) } // 11 bytes
	str := func() *file { return begin().key(TypeString, "k") } // the value is at 14
	valkey := func() *file { return newFile("VALKEY080") }
	redis := func(version string) *file { return newFile("REDIS" + version) }
	for _, c := range []struct {
		name   string
		data   []byte
		is     error
		offset int64
		says   string
	}{
		{"nothing", nil, ErrCorrupt, 0, "ends in the middle"},
		{"another format", []byte("PK\x03\x04 some other file"), ErrCorrupt, 0, `found "PK`},
		{"gzip", []byte("\x1F\x8B\x08 some other file"), ErrCorrupt, 0, "found gzip data"},
		{"no version", []byte("REDISabcd more"), ErrCorrupt, 0, `expected an rdb version, found "abcd"`},
		{"version 0", redis("0000").end(), ErrCorrupt, 0, "expected an rdb version"},
		{"signed version", redis("+011").end(), ErrCorrupt, 0, "expected an rdb version"},
		{"newer redis", redis("0016").end(), ErrUnsupported, 0, "redis rdb version 16; known are 1 to 15"},
		{"newer valkey", newFile("VALKEY081").end(), ErrUnsupported, 0, "valkey rdb version 81"},
		{"valkey of no release", newFile("VALKEY079").end(), ErrUnsupported, 0, "valkey rdb version 79"},
		{"older valkey", newFile("VALKEY011").end(), ErrUnsupported, 0, "valkey rdb version 11"},
		{"module of a release candidate", begin().key(6, "k").end(), ErrUnsupported, 11, "4.0 release candidate (type 6)"},
		{"hash of a release candidate", begin().key(22, "k").end(), ErrUnsupported, 11, "7.4 release candidate (type 22)"},
		{"listpack of a release candidate", begin().key(23, "k").end(), ErrUnsupported, 11, "7.4 release candidate (type 23)"},
		{"type of nobody", begin().key(8, "k").end(), ErrCorrupt, 11, "expected a type or an opcode of redis, found 8"},
		{"array", begin().key(28, "k").end(), ErrUnsupported, 11, "an array (type 28) of redis 8.8 or later"},
		{"hash template", begin().raw(242).end(), ErrUnsupported, 11, "a hash template (opcode 242) of redis"},
		{"template hash", begin().key(32, "k").end(), ErrUnsupported, 11, "a template hash (type 32) of redis 8.8 or later"},
		{"rate limiter", begin().key(33, "k").end(), ErrUnsupported, 11, "a rate limiter (type 33) of redis 8.8 or later"},
		{"type to come", begin().key(34, "k").end(), ErrCorrupt, 11, "of redis, found 34"},
		{"opcode of nobody", begin().raw(241).end(), ErrCorrupt, 11, "of redis, found 241"},
		{"redis type in valkey", valkey().key(24, "k").end(), ErrCorrupt, 9, "of valkey, found 24"},
		{"redis listpack in valkey", valkey().key(23, "k").end(), ErrCorrupt, 9, "of valkey, found 23"},
		{"redis array in valkey", valkey().key(28, "k").end(), ErrCorrupt, 9, "of valkey, found 28"},
		{"redis opcode in valkey", valkey().raw(242).end(), ErrCorrupt, 9, "of valkey, found 242"},
		{"release candidate's module in valkey", valkey().key(6, "k").end(), ErrUnsupported, 9, "release candidate (type 6)"},
		{"functions of a release candidate", begin().raw(246).end(), ErrUnsupported, 11, "opcode 246"},
		{"wrong checksum", append(redis("0011").raw(255).b, 1, 2, 3, 4, 5, 6, 7, 8), ErrCorrupt, 10,
			"the checksum is 0807060504030201"},
		{"more after the checksum", append(redis("0011").end(), 'x'), ErrCorrupt, 18, "found more bytes"},
		{"more after the end", append(redis("0004").end(), 'x'), ErrCorrupt, 10, "found more bytes"},
		{"string encoding 4", str().raw(0xC4).end(), ErrCorrupt, 14, "expected a string, found encoding 4"},
		{"length prefix", str().raw(0x82).end(), ErrCorrupt, 14, "expected a length, found byte 0x82"},
		{"database number", redis("0011").db(1 << 40).end(), ErrCorrupt, 9, "expected a database number"},
		{"quicklist container", begin().key(TypeListQuicklist2, "k").lengths(1, 3).text("x").end(), ErrCorrupt, 15, "container 1 or 2, found 3"},
		{"stream id", begin().key(TypeStreamListpacks, "k").length(1).texts("short", "x").end(), ErrCorrupt, 15, "16 bytes, found 5"},
		{"module field", begin().key(TypeModule2, "k").lengths(1, 6).end(), ErrCorrupt, 15, "module field 0 to 5, found 6"},
		{"module aux", redis("0011").raw(247).lengths(1, 1, 1, 0).end(), ErrCorrupt, 11, "module field 2, found 1"},
		{"long string", str().length(512<<20 + 1).end(), ErrBulkLength, 14, "536870913 bytes, more than the 536870912"},
		{"longest length", str().length(1<<64 - 1).end(), ErrBulkLength, 14, "18446744073709551615 bytes"},
		{"long element", begin().key(TypeHash, "k").length(1).text("f").length(1 << 40).end(), ErrBulkLength, 17, "1099511627776 bytes"},
		{"long name", begin().raw(0).length(512<<20 + 1).end(), ErrKeyTooLong, 12, "536870913 bytes"},
		{"long compressed string", str().raw(0xC3).lengths(10_000_000, 1<<40).end(), ErrBulkLength, 14, "1099511627776 bytes"},
		{"long compressed name", begin().raw(0).raw(0xC3).lengths(10_000_000, 1<<40).end(), ErrKeyTooLong, 12, "1099511627776 bytes"},
		{"long stored string", str().raw(0xC3).lengths(512<<20+1, 512<<20).end(), ErrBulkLength, 14, "536870913 bytes"},
		{"nothing compressed", str().raw(0xC3).lengths(0, 0).end(), ErrCorrupt, 14, "0 compressed bytes cannot hold"},
		{"compressed too well", str().raw(0xC3).lengths(3, 265).raw(1, 2, 3).end(), ErrCorrupt, 14, "3 compressed bytes cannot hold a string of 265"},
		{"compressed too badly", str().raw(0xC3).lengths(3, 1).raw(1, 2, 3).end(), ErrCorrupt, 14, "3 compressed bytes cannot hold"},
		{"name that does not decode", begin().raw(0).raw(0xC3).lengths(3, 9).raw(0x20, 0, 0).end(), ErrCorrupt, 15, "cannot be decoded"},
		{"name of another length", begin().raw(0).raw(0xC3).lengths(3, 3).raw(1, 2, 3).end(), ErrCorrupt, 15, "not the length it announces"},
		{"endless set", begin().key(TypeSet, "k").length(1 << 60).text("x").end(), ErrCorrupt, 0, ""},
		{"endless stream", begin().key(TypeStreamListpacks3, "k").length(1<<64 - 1).end(), ErrCorrupt, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := scan(NewScanner(nil), bytes.NewReader(c.data))
			var e *Error
			if !errors.Is(err, c.is) || !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v; want %v that says %q", err, c.is, c.says)
			}
			if c.says != "" && e.Offset != c.offset {
				t.Errorf("offset %d, want %d: %v", e.Offset, c.offset, err)
			}
		})
	}
}

func TestNoChecksum(t *testing.T) {
	s := NewScanner(nil)
	data := newFile("REDIS0011").raw(255).u64(0).b
	if err := scan(s, bytes.NewReader(data)); err != nil || s.Stats().Checksum {
		t.Errorf("checksum 0: %v, told as there: %v", err, s.Stats().Checksum)
	}
	if err := scan(s, bytes.NewReader(newFile("REDIS0005").end())); err != nil || !s.Stats().Checksum {
		t.Errorf("version 5: %v, told as there: %v", err, s.Stats().Checksum)
	}
	if err := scan(s, bytes.NewReader(newFile("REDIS0004").end())); err != nil || s.Stats().Checksum {
		t.Errorf("version 4: %v, told as there: %v", err, s.Stats().Checksum)
	}
}

// The importer must tell a bad download from a cancelled one.
func TestReadErrors(t *testing.T) {
	data := mixedFile(500)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for cut := 0; cut < len(data); cut += 50_000 {
		err := scan(NewScanner(nil), io.MultiReader(bytes.NewReader(data[:cut]), iotest.ErrReader(ctx.Err())))
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrCorrupt) {
			t.Errorf("cancelled after %d bytes: %v", cut, err)
		}
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(data)
	w.Close()
	packed := z.Bytes()
	packed[len(packed)-8] ^= 1 // gzip's own checksum, which its reader checks at the end
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if err := scan(NewScanner(nil), r); !errors.Is(err, gzip.ErrChecksum) {
		t.Errorf("gzip with a wrong checksum: %v", err)
	}
	if err := scan(NewScanner(nil), stuck{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("reader that yields nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestWriteErrors(t *testing.T) {
	full := errors.New("disk is full")
	s := NewScanner(bytes.NewReader(newFile("REDIS0011").key(TypeString, "k").text("value").end()))
	s.Next()
	if _, err := s.WriteValue(badWriter{full}); !errors.Is(err, full) || s.Next() || !errors.Is(s.Err(), full) {
		t.Errorf("WriteValue: %v, then %v", err, s.Err())
	}
	for _, f := range []*file{newFile("REDIS0011").raw(245).text("source"), newFile("REDIS0011").raw(245).lzf("source")} {
		s.Reset(bytes.NewReader(f.end()))
		s.Library = func(int64) io.Writer { return badWriter{full} }
		if s.Next() || !errors.Is(s.Err(), full) {
			t.Errorf("library: %v", s.Err())
		}
	}
}

type badWriter struct{ err error }

func (w badWriter) Write([]byte) (int, error) { return 0, w.err }

// trace is a scan as text, values included, so that two can be compared.
func trace(s *Scanner, r io.Reader) string {
	var b strings.Builder
	s.Reset(r)
	for i := 0; s.Next(); i++ {
		var value bytes.Buffer
		var n int64
		if i%3 == 0 {
			s.SkipValue()
		} else {
			n, _ = s.WriteValue(&value)
		}
		fmt.Fprintf(&b, "%+v %d %x\n", *s.Key(), n, CRC64(0, value.Bytes()))
	}
	st := s.Stats()
	fmt.Fprintf(&b, "%+v\n%v\n%d\n", st, s.Err(), s.Offset())
	return b.String()
}

// How the bytes arrive must not matter.
func TestChunks(t *testing.T) {
	s := NewScanner(nil)
	files := whole(t)
	files["redis-7.0"] = fixture(t, "redis-7.0")
	files["mixed"] = mixedFile(500)
	files["packed"] = packedFile(500)
	files["wrong"] = newFile("REDIS0011").key(TypeStreamListpacks3, "k").length(2).texts("short", strings.Repeat("x", 300)).end()
	files["damaged"] = files["all values"][:len(files["all values"])-20]
	for name, data := range files {
		want := trace(s, bytes.NewReader(data))
		for how, r := range map[string]io.Reader{
			"byte by byte":   iotest.OneByteReader(bytes.NewReader(data)),
			"halves":         iotest.HalfReader(bytes.NewReader(data)),
			"end with data":  iotest.DataErrReader(bytes.NewReader(data)),
			"random lengths": &chunks{data, newRand()},
		} {
			if got := trace(s, r); got != want {
				t.Errorf("%s, %s:\n%s\nwant:\n%s", name, how, got, want)
			}
		}
	}
}

// chunks yields data in pieces of 0 to 63 bytes.
type chunks struct {
	data []byte
	rng  *rand.Rand
}

func (c *chunks) Read(p []byte) (int, error) {
	n := copy(p[:min(len(p), c.rng.IntN(64))], c.data)
	c.data = c.data[n:]
	if len(c.data) == 0 {
		return n, io.EOF
	}
	return n, nil
}
