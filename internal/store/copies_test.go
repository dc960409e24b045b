package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
)

// filled gives a record with a value in every field, also in those that it does not have yet.
func filled(t *testing.T) *database.Database {
	db := new(database.Database)
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
	t.Fatalf("%s is a %s, which clone, same and this test have yet to learn", path, v.Kind())
	return nil
}

func TestCloneSharesNothing(t *testing.T) {
	original, want := filled(t), filled(t)
	copied := clone(original)
	if !reflect.DeepEqual(copied, want) {
		t.Fatalf("copied %+v\nwant %+v", copied, want)
	}
	for _, l := range leaves(t, reflect.ValueOf(copied).Elem(), "Database", false) {
		if l.set(2); !reflect.DeepEqual(original, want) {
			t.Fatalf("%s is shared", l.path)
		}
	}
	empty := new(database.Database)
	if copied := clone(empty); !reflect.DeepEqual(copied, empty) {
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

func TestSameSeesEveryField(t *testing.T) {
	a, b := filled(t), filled(t)
	if !same(a, b) {
		t.Fatal("two equal records differ")
	}
	for _, l := range leaves(t, reflect.ValueOf(b).Elem(), "Database", false) {
		if l.set(2); same(a, b) {
			t.Errorf("%s is not compared", l.path)
		}
		if l.set(1); !same(a, b) {
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
	empty := &database.Database{Modules: []database.ModuleRef{}}
	if same(empty, new(database.Database)) {
		t.Error("empty and nil, which are encoded in two ways, are the same")
	}
	for name, change := range shapes {
		b = filled(t)
		if change(); same(a, b) {
			t.Errorf("%s: not seen", name)
		}
	}
}
