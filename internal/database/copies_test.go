package database

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// filled gives a record with a value in every field, also in those that it does not have yet.
func filled(t *testing.T) *Database {
	db := new(Database)
	for _, l := range leaves(t, reflect.ValueOf(db).Elem(), "Database", true) {
		l.set(1)
	}
	return db
}

// leaf is a value within a record that a rule can change on its own.
type leaf struct {
	path string
	set  func(n int)
}

// leaves walks v, and puts one element into its slices and maps where grow says so.
func leaves(t *testing.T, v reflect.Value, path string, grow bool) []leaf {
	if v.Type() == reflect.TypeFor[time.Time]() {
		return []leaf{{path, func(n int) { v.Set(reflect.ValueOf(time.Unix(int64(n), 0))) }}}
	}
	switch v.Kind() {
	case reflect.String:
		return []leaf{{path, func(n int) { v.SetString(fmt.Sprint(n)) }}}
	case reflect.Int, reflect.Int64:
		return []leaf{{path, func(n int) { v.SetInt(int64(n)) }}}
	case reflect.Uint8:
		return []leaf{{path, func(n int) { v.SetUint(uint64('0' + n)) }}}
	case reflect.Float64:
		return []leaf{{path, func(n int) { v.SetFloat(float64(n)) }}}
	case reflect.Bool:
		return []leaf{{path, func(n int) { v.SetBool(n == 1) }}}
	case reflect.Struct:
		var all []leaf
		for i := range v.NumField() {
			all = append(all, leaves(t, v.Field(i), path+"."+v.Type().Field(i).Name, grow)...)
		}
		return all
	case reflect.Slice:
		if grow {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		return leaves(t, v.Index(0), path+"[0]", grow)
	case reflect.Map:
		if grow {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf("a"), reflect.MakeSlice(v.Type().Elem(), 1, 1))
		}
		return leaves(t, v.MapIndex(reflect.ValueOf("a")), path+"[a]", false)
	}
	t.Fatalf("%s is a %s, which Clone, Equal and this test have yet to learn", path, v.Kind())
	return nil
}

func TestCloneSharesNothing(t *testing.T) {
	original, want := filled(t), filled(t)
	copied := original.Clone()
	if !reflect.DeepEqual(copied, want) {
		t.Fatalf("copied %+v\nwant %+v", copied, want)
	}
	for _, l := range leaves(t, reflect.ValueOf(copied).Elem(), "Database", false) {
		if l.set(2); !reflect.DeepEqual(original, want) {
			t.Fatalf("%s is shared", l.path)
		}
	}
	empty := new(Database)
	if copied := empty.Clone(); !reflect.DeepEqual(copied, empty) {
		t.Errorf("copied %+v of an empty record", copied)
	}
}

// Where two values stand side by side, the first must not grow into the second.
func TestCloneKeepsSettingsApart(t *testing.T) {
	copied := cloneSettings(map[string]json.RawMessage{"a": json.RawMessage("1"), "b": json.RawMessage("2")})
	for _, value := range copied {
		_ = append(value, '!')
	}
	want := map[string]json.RawMessage{"a": json.RawMessage("1"), "b": json.RawMessage("2")}
	if !reflect.DeepEqual(copied, want) {
		t.Errorf("got %q", copied)
	}
}

func TestEqualSeesEveryField(t *testing.T) {
	a, b := filled(t), filled(t)
	if !a.Equal(b) {
		t.Fatal("two equal records differ")
	}
	for _, l := range leaves(t, reflect.ValueOf(b).Elem(), "Database", false) {
		if l.set(2); a.Equal(b) {
			t.Errorf("%s is not compared", l.path)
		}
		if l.set(1); !a.Equal(b) {
			t.Fatalf("%s does not go back", l.path)
		}
	}
	shapes := map[string]func(){
		"no modules":      func() { b.Modules = nil },
		"no sources":      func() { b.Import.Sources = nil },
		"no location":     func() { b.BackupPolicy.Location = nil },
		"no settings":     func() { b.Settings = nil },
		"fewer modules":   func() { b.Modules = b.Modules[:0] },
		"more modules":    func() { b.Modules = append(b.Modules, b.Modules[0]) },
		"another setting": func() { b.Settings["b"] = b.Settings["a"] },
		"renamed setting": func() { b.Settings["b"] = b.Settings["a"]; delete(b.Settings, "a") },
	}
	empty := &Database{Modules: []ModuleRef{}}
	if empty.Equal(new(Database)) {
		t.Error("empty and nil, which are encoded in two ways, are the same")
	}
	for name, change := range shapes {
		b = filled(t)
		if change(); a.Equal(b) {
			t.Errorf("%s: not seen", name)
		}
	}
}

// Whatever a rule leaves in a record, its canonical copy is what the next process reads.
func TestCanonicalSurvivesJSON(t *testing.T) {
	now := time.Now() // carries a monotonic reading and a location
	rows := map[string]*Database{
		"filled":         filled(t),
		"zero":           {},
		"time":           {CreatedTime: now, LastChangedTime: now.In(time.FixedZone("", 5400)), Export: Operation{LastTime: now}, Backup: Operation{LastTime: now}},
		"empty slices":   {Modules: []ModuleRef{}, Import: Import{Sources: []Source{}}, BackupPolicy: BackupPolicy{Location: json.RawMessage{}}},
		"empty settings": {Settings: map[string]json.RawMessage{}},
		"spaces":         {Settings: map[string]json.RawMessage{"a": json.RawMessage(" [ \"b c\", null ]\n")}, BackupPolicy: BackupPolicy{Location: json.RawMessage(" { } ")}},
		"null":           {Settings: map[string]json.RawMessage{"a": nil}, BackupPolicy: BackupPolicy{Location: json.RawMessage("null")}},
		"HTML":           {Name: "<&>\u2028", Settings: map[string]json.RawMessage{"<&>\u2028": json.RawMessage("\"<&>\u2028\"")}},
	}
	for name, given := range rows {
		t.Run(name, func(t *testing.T) {
			before, canonical := given.Clone(), given.Canonical()
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			read := new(Database)
			if err := errors.Join(e.Encode(canonical), json.Unmarshal(b.Bytes(), read)); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(read, canonical) || !canonical.Equal(read) {
				t.Errorf("read %+v\nwrote %+v", read, canonical)
			}
			if !given.Equal(before) {
				t.Error("the record itself has changed")
			}
			if again := canonical.Canonical(); !again.Equal(canonical) {
				t.Errorf("a second time %+v", again)
			}
		})
	}
}
