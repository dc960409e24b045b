package storetest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
)

// model compares the store with a map, through any sequence of calls.
func (s suite) model(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		f := &fixture{suite: s, t: t, path: filepath.Join(dir, "store")}
		f.Store = s.Open(t, f.path)
		defer f.Close()
		m := &model{f: f, records: map[int]*database.Database{}}
		r.Repeat(rapid.StateMachineActions(m))
	})
}

type model struct {
	f       *fixture
	records map[int]*database.Database
	lastUID int
}

func (m *model) uid(r *rapid.T) int { return rapid.IntRange(1, 6).Draw(r, "uid") }

// want fails unless err is what the model expects of a call on uid.
func (m *model) want(r *rapid.T, uid int, err, objection error) bool {
	want := objection
	if m.records[uid] == nil {
		want = database.ErrNotExist
	}
	if !errors.Is(err, want) {
		r.Fatalf("got %v, want %v", err, want)
	}
	return want == nil
}

func (m *model) Create(r *rapid.T) {
	uid := rapid.IntRange(0, 6).Draw(r, "uid, 0 for any")
	db, err := store.Create(m.f.t.Context(), m.f, named(uid))
	if m.records[uid] != nil {
		if !errors.Is(err, database.ErrUIDExists) {
			r.Fatalf("got %v, want %v", err, database.ErrUIDExists)
		}
		return
	}
	if err != nil {
		r.Fatalf("Create: %v", err)
	}
	if uid == 0 && db.UID != m.lastUID+1 {
		r.Fatalf("chose uid %d after %d", db.UID, m.lastUID)
	}
	m.lastUID = max(m.lastUID, db.UID)
	m.records[db.UID] = named(uid)
	m.records[db.UID].UID = db.UID
}

func (m *model) Update(r *rapid.T) {
	uid, size := m.uid(r), rapid.Int64Range(0, 2).Draw(r, "size")
	objection := rapid.SampledFrom([]error{nil, nil, database.ErrBusy}).Draw(r, "objection")
	setting := json.RawMessage(strconv.FormatInt(size, 10))
	rule := func(db *database.Database) error {
		db.MemorySize = size
		if db.Settings == nil {
			db.Settings = map[string]json.RawMessage{}
		}
		db.Settings["size"] = setting
		return objection
	}
	_, err := store.Update(m.f.t.Context(), m.f, store.Databases, uid, rule)
	if m.want(r, uid, err, objection) {
		_ = rule(m.records[uid])
	}
}

func (m *model) Delete(r *rapid.T) {
	uid := m.uid(r)
	objection := rapid.SampledFrom([]error{nil, database.ErrBusy}).Draw(r, "objection")
	err := store.Delete(m.f.t.Context(), m.f, store.Databases, uid, func(*database.Database) error { return objection })
	if m.want(r, uid, err, objection) {
		delete(m.records, uid)
	}
}

func (m *model) Get(r *rapid.T) {
	uid := m.uid(r)
	db, err := store.Get(m.f.t.Context(), m.f, store.Databases, uid)
	if m.want(r, uid, err, nil) {
		m.f.equal("Get", db, m.records[uid])
	}
}

func (m *model) Reopen(*rapid.T) { m.f.reopen() }

// Check compares all after every call.
func (m *model) Check(r *rapid.T) {
	all := m.f.list()
	listed := map[int]*database.Database{}
	for _, db := range all {
		listed[db.UID] = db
	}
	if len(all) != len(listed) {
		r.Fatalf("List names a uid twice: %v", all)
	}
	m.f.equal("List", listed, m.records)
	if m.f.t.Failed() {
		r.FailNow()
	}
}
