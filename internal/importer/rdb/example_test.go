package rdb_test

import (
	"bytes"
	"fmt"
	"os"

	"github.com/reimport/reimport/internal/importer/rdb"
)

func ExampleScanner() {
	f, err := os.Open("testdata/redis-7.0-plain.rdb")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	var payload bytes.Buffer
	s := rdb.NewScanner(f)
	for s.Next() {
		k := s.Key()
		if k.Type != rdb.TypeString {
			continue // Next skips what was not asked for
		}
		payload.Reset()
		if _, err := s.WriteValue(&payload); err != nil {
			break // Err has it too
		}
		fmt.Printf("%s in database %d: %d bytes, %.2x...\n", k.Name, k.DB, k.ValueLen, payload.Bytes())
	}
	st := s.Stats()
	fmt.Println(s.Err(), st.Keys, st.Version, st.Aux["redis-ver"], st.Checksum)
	// Unordered output:
	// number in database 0: 3 bytes, c139...
	// string in database 0: 92 bytes, 405a...
	// <nil> 3 10 7.0.15 false
}
