package importer_test

import (
	"os"
	"testing"

	"github.com/reimport/reimport/internal/database"
)

func readFixture(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("rdb/testdata/redis-7.0.rdb")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestImportOfAFile(t *testing.T) {
	b := newBench(t)
	data := readFixture(t)
	db, end := b.run(b.file("redis.rdb", data))
	b.wantSuccess(db)
	if end["keys"] != 32. || end["bytes"] != float64(len(data)) || !b.log.has("simulated") {
		t.Errorf("log says %v", end)
	}
}

func TestTruncatedFile(t *testing.T) {
	b := newBench(t)
	db, end := b.run(b.file("redis.rdb", readFixture(t)[:1000]))
	b.wantFailure(db, database.FileCorrupted)
	if end["offset"] != 1000. {
		t.Errorf("log says %v", end)
	}
}
