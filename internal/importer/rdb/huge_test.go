package rdb

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
)

// repeat yields n bytes that repeat unit, without holding more of them.
func repeat(unit string, n int64) io.Reader {
	return io.LimitReader(&cycle{unit: unit}, n)
}

type cycle struct {
	unit string
	at   int
}

func (c *cycle) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		k := copy(p[n:], c.unit[c.at:])
		n += k
		c.at = (c.at + k) % len(c.unit)
	}
	return len(p), nil
}

// TestHugeValues walks values that no one could hold twice: a string of just under 512 MiB, one that is compressed, a name and
// a library as long as the format allows, and a set of millions.
func TestHugeValues(t *testing.T) {
	long, members := uint64(MaxString-1), uint64(5_000_000)
	if testing.Short() || slowed {
		long, members = 20<<20, 200_000
	}
	item := "\x1F" + "an item of 32 bytes as they are." // LZF: 32 plain bytes
	items := long / 33
	part := func(f *file) io.Reader { return bytes.NewReader(f.b) }
	text := "some text that repeats "
	r := io.MultiReader(
		part(newFile("REDIS0011").raw(245).length(long)), repeat(text, int64(long)),
		part(new(file).raw(245, 0xC3).lengths(items*33, items*32)), repeat(item, int64(items*33)),
		part(new(file).key(TypeString, "string").length(long)), repeat(text, int64(long)),
		part(new(file).raw(0, 0xC3).lengths(items*33, items*32)), repeat(item, int64(items*33)), part(new(file).text("x")),
		part(new(file).raw(0).length(long)), repeat(text, int64(long)), part(new(file).text("x")),
		part(new(file).key(TypeSet, "set").length(members)), repeat("\x08a member", int64(members*9)),
		part(new(file).raw(255).u64(0)),
	)
	var libraries, values counter
	used := allocatedBy(func() {
		s := NewScanner(r)
		s.Library = func(int64) io.Writer { return &libraries }
		for s.Next() {
			if _, err := s.WriteValue(&values); err != nil {
				t.Fatal(err)
			}
		}
		if s.Err() != nil || s.Stats().Keys != 4 {
			t.Fatalf("%v after %d keys", s.Err(), s.Stats().Keys)
		}
	})
	if want := long + items*32; uint64(libraries) != want {
		t.Errorf("%d bytes of libraries, want %d", libraries, want)
	}
	if want := 5 + long + 2 + 2 + 5 + members*9; uint64(values) != want {
		t.Errorf("%d bytes of values, want %d", values, want)
	}
	t.Logf("%d bytes allocated in all", used)
	if used > 2<<20+6*MaxName { // the name grows by doubling
		t.Errorf("%d bytes were allocated, want at most 8 MiB", used)
	}
}

// allocatedBy returns the bytes that do allocates, freed or not.
func allocatedBy(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A file must not cost memory by what it claims.
func TestClaims(t *testing.T) {
	claims := [][]byte{
		newFile("REDIS0011").key(TypeHash, "k").length(1 << 60).b,
		newFile("REDIS0011").key(TypeString, "k").length(MaxString).b,
		newFile("REDIS0011").key(TypeString, "k").raw(0xC3).lengths(MaxString, MaxString).b,
		newFile("REDIS0011").raw(0).raw(0xC3).lengths(MaxString, MaxString).b,
		newFile("REDIS0011").raw(245).length(MaxString).b,
		newFile("REDIS0011").raw(250).length(MaxString).b,
	}
	used := allocatedBy(func() {
		s := NewScanner(nil)
		for _, data := range claims {
			if err := scan(s, bytes.NewReader(data)); !ours(err) {
				t.Errorf("%x: %v", data, err)
			}
		}
	})
	if used > 1<<20 {
		t.Errorf("%d bytes were allocated, want at most 1 MiB", used)
	}
}

func TestAllocations(t *testing.T) {
	few, many := mixedFile(10), mixedFile(5000)
	s, r := NewScanner(nil), bytes.NewReader(nil)
	count := func(data []byte) float64 {
		return testing.AllocsPerRun(5, func() {
			r.Reset(data)
			s.Reset(r)
			for s.Next() {
				s.WriteValue(io.Discard)
			}
		})
	}
	if a, b := count(few), count(many); a != b {
		t.Errorf("%v allocations for 10 keys, %v for 5000; want none for a key", a, b)
	}
}

// Many records of other kinds than keys must not pile up either.
func TestManyRecords(t *testing.T) {
	f := newFile("REDIS0011")
	for i := range 5000 {
		f.aux(fmt.Sprint("field", i), "value").raw(247).length(uint64(i)<<20).lengths(2, 1, 0).raw(245).text("x").db(uint64(i))
	}
	s := NewScanner(nil)
	if err := scan(s, bytes.NewReader(f.end())); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); len(st.Aux) != maxAux || len(st.Modules) != maxModules || st.Functions != 5000 || st.ModuleAux != 5000 ||
		st.MaxDB != 4999 {
		t.Errorf("%d aux fields, %d modules, stats %+v", len(st.Aux), len(st.Modules), st)
	}
}
