package database_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

// padded gives a change that makes the record n bytes long, of which it has used some.
func padded(n, used int) database.Change {
	value := json.RawMessage(`"` + strings.Repeat("a", n-used-len(`a""`)) + `"`)
	return database.Change{Settings: map[string]json.RawMessage{"a": value}}
}

func TestRecordHasALimit(t *testing.T) {
	const limit = 262144
	db := create(t, database.Change{Name: new("a"), Modules: &[]database.ModuleRef{}})
	used := len("a")
	refused := func(err error) {
		t.Helper()
		var field *database.FieldError
		if !errors.As(err, &field) || err.Error() != "body: expected settings that come to at most 262144 bytes in all" {
			t.Errorf("got %v", err)
		}
	}
	before := db.Clone()
	refused(db.Update(padded(limit+1, used), catalog, now))
	if !db.Equal(before) {
		t.Errorf("the refused change has left %+v", db)
	}
	_, err := database.New(1, "", database.Simulated, padded(limit+1, 0), nil, now)
	refused(err)
	if err := db.Update(padded(limit, used), catalog, now); err != nil {
		t.Errorf("Update to the limit: %v", err)
	}
	refused(db.StartImport(catalog, sources, run))
	db.Import.Sources = sources // as a program without the limit may have left it
	steps := []error{
		db.Update(database.Change{MemorySize: new(int64(1))}, catalog, now),
		db.StartImport(catalog, nil, run),
		db.FailImport("run", database.GeneralError),
		db.ResetImportStatus(catalog),
		db.Update(database.Change{Sources: &[]database.Source{}}, catalog, now),
	}
	if err := errors.Join(steps...); err != nil {
		t.Errorf("what does not add to a full record: %v", err)
	}
}
