package sink

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/importer/rdb"
)

// typeRow is a row of the table of types in the page: the types, what they are, and from which Redis and Valkey on they are read.
var typeRow = regexp.MustCompile(`(?m)^\| (\d+(?:, \d+)*) \| [^|]+ \| (none|\d+\.\d+) \| (none|\d+\.\d+) \|$`)

// TestDocumentedTypes holds docs/data-plane.md to what the preflight of an import goes by.
func TestDocumentedTypes(t *testing.T) {
	page, err := os.ReadFile("../../../docs/data-plane.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []int
	for _, row := range typeRow.FindAllStringSubmatch(string(page), -1) {
		for number := range strings.SplitSeq(row[1], ", ") {
			n, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			documented = append(documented, n)
			if need := needOf(rdb.Type(n)); need.redis != from(row[2]) || need.valkey != from(row[3]) {
				t.Errorf("type %d: documented from %s and %s on, needed are %v and %v", n, row[2], row[3], need.redis, need.valkey)
			}
		}
	}
	slices.Sort(documented)
	want := []int{0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 27} // all that the scanner reads
	if !slices.Equal(documented, want) {
		t.Errorf("documented are %v, want %v", documented, want)
	}
}

func from(text string) version {
	if text == "none" {
		return never
	}
	return parseVersion(text)
}

// TestNewestSource: a server that was built from its newest source calls itself 255.255.255, and has not what the other family has.
func TestNewestSource(t *testing.T) {
	for family, other := range map[string]rdb.Type{"Redis": rdb.TypeHash2, "Valkey": rdb.TypeHashMetadata} {
		s := &server{family: family, version: parseVersion("255.255.255")}
		if s.refuses(other) == nil {
			t.Errorf("%v takes type %d", s, other)
		}
		if err := s.refuses(rdb.TypeSetListpack); err != nil {
			t.Error(err)
		}
	}
}
