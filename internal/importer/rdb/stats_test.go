package rdb

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestMentions: what a target is held against is of the keys that it will be given, whatever expired and empty ones are longer
// and come first.
func TestMentions(t *testing.T) {
	longest := strings.Repeat("n", 300)
	f := newFile("REDIS0011").db(7).expireMS(1).key(TypeString, longest+"expired").text(strings.Repeat("x", 500))
	f.key(TypeSet, longest+"empty").length(0).db(2)
	f.expireMS(3).key(TypeString, "first").text("1").key(TypeString, "largest").text("4444").key(TypeString, "last").text("333")
	f.db(5).key(TypeSet, longest).length(1).text("m").db(2).key(TypeString, "as large").text("4444")
	data := f.end()
	s := NewScanner(nil)
	s.Now = 2
	for range 2 { // the second time with what the first has left
		if err := scan(s, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		st := s.Stats()
		if want := map[int]Keyspace{2: {Keys: 4, Expiring: 1}, 5: {Keys: 1}}; !maps.Equal(st.Databases, want) || st.Loaded() != 5 {
			t.Errorf("%d keys in the databases %v, want %v", st.Loaded(), st.Databases, want)
		}
		if want := (Mention{5, TypeSet, longest[:256], 300, 3}); st.LongestName != want || st.First[TypeSet] != want || st.Largest[TypeSet] != want {
			t.Errorf("the longest name is of %+v, the first set %+v, the largest %+v, want %+v", st.LongestName, st.First[TypeSet], st.Largest[TypeSet], want)
		}
		if first, largest := (Mention{2, TypeString, "first", 5, 2}), (Mention{2, TypeString, "largest", 7, 5}); st.First[TypeString] != first || st.Largest[TypeString] != largest {
			t.Errorf("the first string is %+v, the largest %+v, want %+v and %+v", st.First[TypeString], st.Largest[TypeString], first, largest)
		}
		if st.First[TypeHash] != (Mention{}) || st.Largest[TypeHash] != (Mention{}) {
			t.Errorf("there is a hash: %+v", st.First[TypeHash])
		}
	}
}

func TestModules(t *testing.T) {
	const one, another = 1 << 40, 2 << 40
	value := func(f *file, id uint64, name string) {
		f.key(TypeModule2, name).length(id).lengths(5).text("data").length(0)
	}
	f := newFile("REDIS0011").raw(247).length(one).lengths(2, 1, 0).raw(247).length(3<<40).lengths(2, 1, 0).db(1)
	f.expireMS(1)
	value(f, one, "expired")
	value(f, another, "a")
	value(f, one, "b")
	value(f, one, "c")
	s := NewScanner(nil)
	s.Now = 2
	if err := scan(s, bytes.NewReader(f.end())); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range s.Stats().Modules {
		got = append(got, m.First.Name)
	}
	if want := []string{"b", "", "a"}; !slices.Equal(got, want) {
		t.Errorf("the first keys of the modules are %q, want %q", got, want)
	}
}

// TestManyDatabases: what is counted of each is bounded.
func TestManyDatabases(t *testing.T) {
	f := newFile("REDIS0011")
	for i := range 3000 {
		f.db(uint64(i)).key(TypeString, "a").text("x").db(0).key(TypeString, "a").text("x")
	}
	s := NewScanner(nil)
	if err := scan(s, bytes.NewReader(f.end())); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); len(st.Databases) != maxSpaces || st.Databases[0].Keys != 3001 || st.Loaded() != 6000 {
		t.Errorf("%d databases, the first with %d keys, %d keys in all", len(st.Databases), st.Databases[0].Keys, st.Loaded())
	}
}
