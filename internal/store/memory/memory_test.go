package memory_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/memory"
	"github.com/reimport/reimport/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	var disks sync.Map // by path
	storetest.Run(t, storetest.Backend{
		Open: func(t testing.TB, path string) store.Store {
			disk, _ := disks.LoadOrStore(path, new(memory.Disk))
			s, err := memory.Open(disk.(*memory.Disk))
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Kill: func(t testing.TB, path string) string {
			disk, _ := disks.Load(path)
			left := filepath.Join(t.TempDir(), "store")
			disks.Store(left, disk.(*memory.Disk).Copy())
			return left
		},
	})
}

func TestDiskHasOneStore(t *testing.T) {
	var d memory.Disk
	s, err := memory.Open(&d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := memory.Open(&d); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second Open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = memory.Open(&d); err != nil {
		t.Fatal(err)
	}
	s.Close()
}
