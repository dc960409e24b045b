package importer

import (
	"context"
	"fmt"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// maxHeld is the length in bytes of the longest value that is held in memory. Of longer ones the check notes the length,
// which a sink needs before the value, and which is not known until the value was walked.
const maxHeld = 1 << 20

// span is where a long value is in the uncompressed file.
type span struct{ offset, size int64 }

// checker is the check of one import's files.
type checker struct {
	*attempt
	ctx   context.Context // ends when the check must
	limit int64           // bytes of memory that the dataset may take; 0 for any
	known int64           // bytes that the files before take
}

// check reads every file to its end, for only there is its checksum, unless that takes too long or the dataset is too large.
func (a *attempt) check(db *database.Database) error {
	began, timeout := time.Now(), a.im.cfg.CheckTimeout
	ctx, cancel := context.WithTimeoutCause(a.ctx, timeout, fmt.Errorf("the check takes longer than the %v allowed", timeout))
	defer cancel()
	c := &checker{attempt: a, ctx: ctx}
	if !db.SkipImportAnalyze {
		c.limit = db.MemorySize
	}
	for _, f := range a.files {
		if err := c.file(f); err != nil {
			return &fileError{f.Label, err}
		}
		c.known += f.stats.Memory
	}
	e := event.ImportChecked{UID: a.uid, Run: a.run, Files: len(a.files), Bytes: a.bytes, Memory: c.known, Duration: time.Since(began)}
	e.Keys, e.Expired, e.Empty = a.count()
	for _, f := range a.files {
		e.ModuleAux += f.stats.ModuleAux
	}
	a.im.cfg.Events(a.ctx, e)
	return nil
}

// file walks f, and once more, strictly, if it turns out to have no checksum.
func (c *checker) file(f *file) error {
	if err := c.walk(f); err != nil || !c.scanner.Unproven() {
		return err
	}
	c.scanner.Strict = true
	defer func() { c.scanner.Strict = false }()
	return c.walk(f)
}

func (c *checker) walk(f *file) error {
	s, err := c.scan(f, c.meter)
	if err != nil {
		return err
	}
	f.large = nil
	for s.Next() && s.SkipValue() == nil {
		k := s.Key()
		if isLoaded(k) && k.NameLen > int64(len(k.Name)) {
			return &rdb.Error{Offset: k.Offset, Err: rdb.ErrKeyTooLong, Detail: fmt.Sprintf("%d bytes, more than the %d that are carried over", k.NameLen, rdb.MaxName)}
		}
		if isLoaded(k) && k.ValueLen > maxHeld {
			f.large = append(f.large, span{k.Offset, k.ValueLen})
		}
		if err := c.outgrown(); err != nil { // a read of a gzip file may hold many keys
			return err
		}
	}
	f.stats, f.offset = s.Stats(), s.Offset()
	return s.Err()
}

// meter looks at each read whether the check is to go on.
func (c *checker) meter(int) error {
	if err := context.Cause(c.ctx); err != nil {
		return err
	}
	return c.outgrown()
}

// outgrown is an error as soon as what is known of the dataset takes more memory than the database may have. The check ends
// there, so what the files would take in all may be more.
func (c *checker) outgrown() error {
	expected := c.known + c.scanner.Memory()
	if c.limit == 0 || expected <= c.limit {
		return nil
	}
	return &database.ImportError{
		Reason: database.FileLargerThanMemLimit(expected, c.limit),
		Err:    fmt.Errorf("the dataset is expected to take at least %d bytes of memory, the database may have %d", expected, c.limit),
	}
}

// scan returns the attempt's one Scanner, at the start of f.
func (a *attempt) scan(f *file, meter func(int) error) (*rdb.Scanner, error) {
	if a.scanner == nil {
		a.scanner = rdb.NewScanner(nil)
		a.scanner.Now = a.im.cfg.Now().UnixMilli() // for the load, too: the check has counted what has expired
	}
	a.scanner.Reset(nil) // meter is not to see the file before
	content, err := f.Content(meter)
	if err != nil {
		return nil, err
	}
	a.scanner.Reset(content)
	return a.scanner, nil
}

// isLoaded reports whether an import carries k over: some keys are left out.
func isLoaded(k *rdb.Key) bool { return !k.Expired && !k.Empty }
