package bolt

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/reimport/reimport/internal/store"
)

// contents is all that is in a store's file, read without bbolt.
type contents struct {
	tree     *tree
	schema   int    // 0 if nothing was ever written to the file
	digest   digest // as the file has it
	counted  digest // of the records that are there
	records  store.Loader
	complete bool // the records are those that were written last, all of them
	problems []error
}

// readContents reads on behind damage, which it adds to the problems. Its errors are others: the file cannot be read, or
// a newer program has written it.
func readContents(f *os.File) (*contents, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c := &contents{schema: schema}
	entries := map[string][]byte{}
	c.tree = walkFile(f, info.Size(), func(bucket string, key, value []byte) {
		if bucket == recordsBucket {
			c.add(key, value)
			return
		}
		entries[string(key)] = slices.Clone(value)
		if string(key) == schemaKey {
			c.schema, _ = strconv.Atoi(string(value))
		}
	})
	err = c.judge(entries)
	c.problems = append(c.tree.problems, c.problems...)
	return c, err
}

// add adds a record.
func (c *contents) add(at, value []byte) {
	encoded, err := current(c.schema, at, value)
	if err == nil {
		kind, key := split(at)
		err = c.records.Add(kind, key, encoded)
	}
	if err != nil {
		c.report("record %s: %w", label(at), err)
		return
	}
	c.counted.add(value)
}

func (c *contents) report(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// judge holds what was found against what the entries beside the records say of it. It returns an error if those say that a
// newer program has written the file.
func (c *contents) judge(entries map[string][]byte) error {
	if len(c.tree.buckets) == 0 && c.tree.problems == nil && c.tree.meta.tx <= 1 {
		c.schema, c.complete = 0, true
		return nil
	}
	known := c.findDigest(entries)
	if known && c.digest.Schema > schema && c.digest.Schema == c.schema {
		return fmt.Errorf("has schema %d; this program knows 1 to %d", c.schema, schema)
	}
	whole := func() bool { return known && c.counted.Records == c.digest.Records && c.counted.Sum == c.digest.Sum }
	if whole() {
		c.tree.lost(nil)
	} else {
		c.tree.lost(func(_ int, e element) {
			if e.flags == 0 {
				c.add(e.key, e.value)
			}
		})
		c.report("its records are not those that were written: there are %d of %d", c.counted.Records, c.digest.Records)
		if !c.tree.listed {
			c.report("its records may be old, or deleted since, as free pages are not known")
		}
	}
	c.complete = whole() && c.tree.newest
	return nil
}

// findDigest reports whether there is a digest. A file with a schema that had none has that of its records.
func (c *contents) findDigest(entries map[string][]byte) bool {
	sealed, ok := entries[digestKey]
	var err error
	switch {
	case len(c.tree.buckets) < 2:
		c.report("not a store of databases")
		return false
	case !ok && c.schema >= 1 && c.schema < digests:
		c.digestOfOld()
		return true
	}
	if c.digest, err = parseDigest(sealed); err != nil {
		c.report("the digest of its records: %w", err)
		return false
	}
	if string(entries[schemaKey]) != strconv.Itoa(c.digest.Schema) {
		c.report("schema %.10q in the place of %d", entries[schemaKey], c.digest.Schema)
	}
	return true
}

// digestOfOld takes what is there for what was written.
func (c *contents) digestOfOld() {
	sequence := c.tree.buckets[recordsBucket]
	c.digest = c.counted
	c.digest.Schema, c.digest.Revision = c.schema, store.Revision(sequence) //nolint:gosec // revisions are positive
	if c.schema > 1 {
		return
	}
	c.digest.Revision = 1
	for _, e := range highestUID(sequence) {
		kind, key := split(e.key)
		if err := c.records.Add(kind, key, e.encoded); err != nil {
			c.report("the highest uid: %w", err)
		}
	}
}

// damage returns problems as one error, in one line. It is nil if there are none.
func damage(problems []error) error {
	switch n := len(problems); n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%w: %w", store.ErrDamaged, problems[0])
	default:
		return fmt.Errorf("%w: %w; and %d more", store.ErrDamaged, problems[0], n-1)
	}
}

// image returns the records that can be read.
func (c *contents) image() *store.Image { return c.records.Image(c.digest.Revision) }
