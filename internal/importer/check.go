package importer

import (
	"fmt"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// maxHeld is the length in bytes of the longest value that is held in memory. Of longer ones the check notes the length,
// which a target needs before the value, and which is not known until the value was walked.
const maxHeld = 1 << 20

// span is where a long value is in the uncompressed file.
type span struct{ offset, size int64 }

// check reads every file to its end: only there is its checksum.
func (a *attempt) check(db *database.Database) error {
	expected := int64(0)
	for _, f := range a.files {
		if err := a.checkFile(f); err != nil {
			return &fileError{f.Label, err}
		}
		expected += f.stats.Memory
	}
	if db.MemorySize > 0 && !db.SkipImportAnalyze && expected > db.MemorySize {
		return &tooLarge{expected, db.MemorySize}
	}
	return nil
}

// checkFile walks f, and once more, strictly, if it turns out to have no checksum.
func (a *attempt) checkFile(f *file) error {
	if err := a.walk(f); err != nil || !a.scanner.Unproven() {
		return err
	}
	a.scanner.Strict = true
	defer func() { a.scanner.Strict = false }()
	return a.walk(f)
}

func (a *attempt) walk(f *file) error {
	s, err := a.scan(f, a.watch)
	if err != nil {
		return err
	}
	f.large = nil
	for s.Next() && s.SkipValue() == nil {
		if k := s.Key(); k.ValueLen > maxHeld && isLoaded(k) {
			f.large = append(f.large, span{k.Offset, k.ValueLen})
		}
	}
	f.stats, f.offset = s.Stats(), s.Offset()
	return s.Err()
}

// scan returns the attempt's one Scanner, at the start of f.
func (a *attempt) scan(f *file, meter func(int) error) (*rdb.Scanner, error) {
	content, err := f.Content(meter)
	if err != nil {
		return nil, err
	}
	if a.scanner == nil {
		a.scanner = rdb.NewScanner(nil)
		a.scanner.Now = a.began.UnixMilli()
	}
	a.scanner.Reset(content)
	return a.scanner, nil
}

// isLoaded tells the keys that an import carries over from those it leaves out.
func isLoaded(k *rdb.Key) bool { return !k.Expired && !k.Empty }

// tooLarge says that the files would take more memory than the database may have.
type tooLarge struct{ expected, limit int64 }

func (e *tooLarge) Error() string {
	return fmt.Sprintf("the dataset is expected to take %d bytes of memory, the database may have %d", e.expected, e.limit)
}
