package dataset_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/reimport/reimport/internal/importer/dataset"
	"github.com/reimport/reimport/internal/importer/rdb"
	"github.com/reimport/reimport/internal/redistest"
)

// TestFill looks at what a server saves that was filled.
func TestFill(t *testing.T) {
	for name, c := range map[string]struct {
		dataset.Dataset
		types    []rdb.Type
		expiring bool
		least    int // bytes of the file
	}{
		"small": {dataset.Small(2000), []rdb.Type{rdb.TypeString}, false, 80 * 2000},
		"mixed": {dataset.Mixed(2000), []rdb.Type{
			rdb.TypeString, rdb.TypeHash, rdb.TypeSet, rdb.TypeSetIntset, rdb.TypeZSet2,
		}, true, 400 * 2000},
		"huge": {dataset.Huge(20_000), []rdb.Type{rdb.TypeString, rdb.TypeHash, rdb.TypeSet, rdb.TypeZSet2}, false, 150 * 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t)
			if err := c.Fill(s.Addr); err != nil {
				t.Fatal(err)
			}
			if err := s.Client().Save(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(filepath.Join(s.Dir, "dump.rdb"))
			if err != nil {
				t.Fatal(err)
			}
			found := scan(t, file)
			if found.Keys != int64(c.Keys) || len(file) < c.least || len(file) > c.least*5/4 || found.Expiring > 0 != c.expiring {
				t.Errorf("%d bytes with %+v, want %d keys in %d bytes or a little more", len(file), found, c.Keys, c.least)
			}
			for _, typ := range c.types {
				if found.Types[typ] == 0 {
					t.Errorf("there is no key of type %d", typ)
				}
			}
		})
	}
}

func scan(t *testing.T, file []byte) rdb.Stats {
	t.Helper()
	s := rdb.NewScanner(bytes.NewReader(file))
	for s.Next() {
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return s.Stats()
}

// TestWrite writes the same commands each time.
func TestWrite(t *testing.T) {
	var first, second bytes.Buffer
	n, err := dataset.Mixed(500).Write(&first)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := dataset.Mixed(500).Write(&second); err != nil || again != n || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("%d commands in %d bytes, then %d in %d: %v", n, first.Len(), again, second.Len(), err)
	}
}

// TestFillRefused has a server refuse a command in the middle.
func TestFillRefused(t *testing.T) {
	s := redistest.Start(t)
	if err := s.Client().Set(t.Context(), "hash", "a string", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := dataset.Huge(2000).Fill(s.Addr); err == nil {
		t.Error("no error, want WRONGTYPE")
	}
}
