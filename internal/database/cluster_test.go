package database_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

// TestFits: what counts of the other databases of a cluster, and of what the database was itself.
func TestFits(t *testing.T) {
	const most = 1<<53 - 1
	of := func(uid int, memory int64, port int, plane database.DataPlane) database.Database {
		return database.Database{UID: uid, MemorySize: memory, Port: port, DataPlane: plane}
	}
	others := []database.Database{of(1, 600, 7, database.Local), of(2, most, 8, database.Attached), of(3, 0, 9, database.Simulated)}
	for _, c := range []struct {
		db, before database.Database // none before if its uid is 0
		memory     int64
		want       error
	}{
		{of(0, 400, 0, ""), database.Database{}, 1000, nil},
		{of(0, 401, 0, ""), database.Database{}, 1000, database.ErrInsufficientResources},
		{of(0, most, 0, ""), database.Database{}, 0, nil},
		{of(0, most, 0, database.Attached), database.Database{}, 1000, nil},
		{of(0, 0, 7, ""), database.Database{}, 1000, database.ErrPortUnavailable},
		{of(0, 0, 9, ""), database.Database{}, 0, database.ErrPortUnavailable},
		{of(0, 0, 8, ""), database.Database{}, 1000, nil},
		{of(0, 0, 7, database.Attached), database.Database{}, 1000, nil},
		{of(1, 1000, 7, database.Local), others[0], 1000, nil},
		{of(1, 1001, 7, database.Local), others[0], 1000, database.ErrInsufficientResources},
		{of(1, 599, 7, database.Local), others[0], 1, nil},
		{of(1, 600, 9, database.Local), others[0], 1, database.ErrPortUnavailable},
		{of(1, 600, 0, database.Local), others[0], 1, nil},
		{of(3, 401, 9, ""), others[2], 1000, database.ErrInsufficientResources},
	} {
		before := &c.before
		if before.UID == 0 {
			before = nil
		}
		if err := c.db.Fits(before, slices.Values(others), c.memory); !errors.Is(err, c.want) {
			t.Errorf("%+v before %+v of %d: %v, want %v", c.db, c.before, c.memory, err, c.want)
		}
	}
	large := slices.Repeat([]database.Database{of(5, most, 0, "")}, 2000) // beyond what 64 bits can count
	db := of(0, most, 0, "")
	if err := db.Fits(nil, slices.Values(large), 1<<62); !errors.Is(err, database.ErrInsufficientResources) {
		t.Errorf("among very many: %v", err)
	}
}
