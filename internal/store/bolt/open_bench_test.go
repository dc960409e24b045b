package bolt_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// BenchmarkOpen measures how long a start waits for a large store, and what it allocates.
func BenchmarkOpen(b *testing.B) {
	const records = 100_000
	for _, settings := range []int{0, 4} {
		b.Run(fmt.Sprintf("settings=%d", settings), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "store")
			s, err := bolt.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			err = s.Update(b.Context(), func(tx *store.Tx) error {
				for i := range records {
					db, _ := typical(i+1, settings)
					if err := store.Databases.Put(tx, db); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				s, err := bolt.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
