package store

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/internal/database"
)

// record draws a database whose members are often those of another.
func record(r *rapid.T) *database.Database {
	text := rapid.SampledFrom([]string{"", "a", "b", `"\`, "<é>\u2028", "[{", "}],"})
	moment := time.Unix(rapid.Int64Range(0, 2).Draw(r, "seconds"), 5).UTC()
	db := &database.Database{
		UID: rapid.IntRange(0, 12).Draw(r, "uid"), Name: text.Draw(r, "name"), Status: database.Status(text.Draw(r, "status")),
		MemorySize: rapid.Int64().Draw(r, "size"), CreatedTime: moment, EmailAlerts: rapid.Bool().Draw(r, "alerts"),
		Export: database.Operation{Progress: rapid.SampledFrom([]float64{0, 1, 12, 1.5, 1e-9}).Draw(r, "progress"), LastTime: moment},
	}
	for range rapid.IntRange(0, 2).Draw(r, "modules") {
		db.Modules = append(db.Modules, database.ModuleRef{Name: text.Draw(r, "module"), Args: text.Draw(r, "arguments")})
	}
	for range rapid.IntRange(0, 2).Draw(r, "settings") {
		if db.Settings == nil {
			db.Settings = map[string]json.RawMessage{}
		}
		db.Settings[text.Draw(r, "setting")] = json.RawMessage(rapid.SampledFrom([]string{"1", `"}"`, `{"a":[1,{}]}`, "[]", "null"}).Draw(r, "value"))
	}
	return db
}

// TestDecoder decodes records one after the other, some of them damaged: each comes out as json.Unmarshal has it, or is
// refused by both.
func TestDecoder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDecoder[database.Database]()
		for range rapid.IntRange(1, 6).Draw(r, "records") {
			encoded, err := Databases.encode(record(r).Canonical())
			if err != nil {
				r.Fatal(err)
			}
			if rapid.Bool().Draw(r, "damaged") {
				from := rapid.IntRange(0, len(encoded)).Draw(r, "from")
				to := min(len(encoded), from+rapid.IntRange(0, 9).Draw(r, "length"))
				patch := rapid.SampledFrom([]string{"", " ", `"`, "}", "]", ",", "0", "null", `,"UID":3`, `,"x":1`}).Draw(r, "patch")
				encoded = append(append(bytes.Clone(encoded[:from]), patch...), encoded[to:]...)
			}
			want := new(database.Database)
			refusal := json.Unmarshal(encoded, want)
			got, err := d.decode(bytes.Clone(encoded))
			if (err == nil) != (refusal == nil) || err == nil && !reflect.DeepEqual(got, want) {
				r.Fatalf("%s\nis decoded as %+v, %v\nwant          %+v, %v", encoded, got, err, want, refusal)
			}
		}
	})
}

// TestDecoderNeedsNoHelp: a record as encode writes it, with a value in every member, is not left to json.Unmarshal.
func TestDecoderNeedsNoHelp(t *testing.T) {
	moment := time.Unix(1, 0).UTC()
	db := &database.Database{
		UID: 1, Name: "a", Modules: []database.ModuleRef{{UID: "u", Args: "x"}}, CreatedTime: moment, LastChangedTime: moment,
		BackupPolicy: database.BackupPolicy{Location: json.RawMessage(`{"type":"s3"}`)}, Settings: map[string]json.RawMessage{"a": json.RawMessage(`"b"`)},
	}
	encoded, err := Databases.encode(db)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		read := reflect.New(reflect.TypeFor[database.Database]()).Elem()
		if !newDecoder[database.Database]().read(encoded, read) || !reflect.DeepEqual(read.Interface(), *db) {
			t.Errorf("read %+v of %s", read, encoded)
		}
	}
}

// TestLoader overwrites what it has given to a Loader, as a reader of pages does.
func TestLoader(t *testing.T) {
	var l Loader
	buffer := make([]byte, 1000)
	for _, uid := range rand.Perm(300) { // which are in no order, and more than a chunk
		encoded, err := Databases.encode(&database.Database{UID: uid, Name: "sessions", Settings: map[string]json.RawMessage{"a": json.RawMessage(`"b"`)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Add("bdb", uidKey(uid), buffer[:copy(buffer, encoded)]); err != nil {
			t.Fatal(err)
		}
	}
	clear(buffer)
	all := Databases.List(l.Image(1).View())
	for uid, db := range all {
		if db.UID != uid || db.Name != "sessions" || string(db.Settings["a"]) != `"b"` || len(all) != 300 {
			t.Errorf("%d is %+v", uid, db)
		}
	}
}
