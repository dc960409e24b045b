package bolt_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// typical is a database as Redis 8 bundles modules with it, after a failed import.
func typical(uid, settings int) (*database.Database, database.Catalog) {
	db := named(uid)
	var catalog database.Catalog
	for i, name := range []string{"search", "timeseries", "bf", "ReJSON"} {
		id := fmt.Sprintf("%032x", i)
		db.Modules = append(db.Modules, database.ModuleRef{UID: id, Name: name, SemanticVersion: "8.2.0"})
		catalog = append(catalog, database.Module{UID: id, Name: name, Capabilities: []string{"flash", database.BackupRestore}})
	}
	source := database.Source{Type: database.SourceURL, Location: "https://example.com/backups/orders.rdb.gz"}
	db.Import = database.Import{Status: database.ImportIdle, Sources: []database.Source{source}}
	db.CreatedTime, db.LastChangedTime = time.Unix(1700000000, 0).UTC(), time.Unix(1700000001, 0).UTC()
	db.Settings = map[string]json.RawMessage{}
	for i := range settings {
		db.Settings[fmt.Sprintf("setting_%d", i)] = json.RawMessage(`"some value"`)
	}
	return db, catalog
}

// bench gives a store that holds n typical databases.
func bench(b *testing.B, n, settings int) (*bolt.Store, database.Catalog) {
	b.Helper()
	s, err := bolt.Open(filepath.Join(b.TempDir(), "store"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	_, catalog := typical(0, 0)
	for i := range n {
		db, _ := typical(i+1, settings)
		add(b, s, db)
	}
	return s, catalog
}

func BenchmarkUpdateNoChange(b *testing.B) {
	for _, settings := range []int{0, 4, 20} {
		b.Run(fmt.Sprintf("settings=%d", settings), func(b *testing.B) {
			s, catalog := bench(b, 1, settings)
			reset := func(db *database.Database) error { return db.ResetImportStatus(catalog) }
			commits := s.Commits(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Update(b.Context(), s, store.Databases, 1, reset); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.Commits(b)-commits)/float64(b.N), "commits/op")
		})
	}
}

func BenchmarkUpdateLone(b *testing.B) {
	s, _ := bench(b, 1, 4)
	commits := s.Commits(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.Update(b.Context(), s, store.Databases, 1, grow); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.Commits(b)-commits)/float64(b.N), "commits/op")
}

func BenchmarkUpdateParallel(b *testing.B) {
	const goroutines = 16
	s, _ := bench(b, goroutines, 4)
	commits := s.Commits(b)
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			for n := i; n < b.N; n += goroutines {
				if _, err := store.Update(b.Context(), s, store.Databases, i+1, grow); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(s.Commits(b)-commits)/float64(b.N), "commits/op")
}

func BenchmarkGet(b *testing.B) {
	s, _ := bench(b, 1, 4)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.Get(b.Context(), s, store.Databases, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList1000(b *testing.B) {
	s, _ := bench(b, 1000, 4)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.List(b.Context(), s, store.Databases); err != nil {
			b.Fatal(err)
		}
	}
}
