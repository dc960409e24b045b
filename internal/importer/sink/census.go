package sink

import (
	"fmt"

	"github.com/reimport/reimport/internal/importer/rdb"
)

const (
	// filterSize is the number of words of the filter of names, 8 MiB of them: 8 million names leave 5 in 100 of those that are new to be asked for.
	filterSize = 1 << 20
	// horizon is for how many seconds from its begin on a load counts expiries by the second. It takes 256 KiB.
	horizon = 1 << 16
)

// census counts the keys that a load promises.
//
// Keys of the same name in several files are one key. A filter tells which names are surely new; of the others the Redis is asked
// whether it has them, just before they are written. Keys whose time comes during the load may have gone at its end, or not
// yet: a Redis removes them when it comes across them.
type census struct {
	several  bool // files
	filter   []uint64
	keys     int64
	start    int64    // of the load, in milliseconds by the clock of the Redis
	expiring []uint32 // keys by the second of the load in which they expire, the last for all later
}

func (c *census) begin(now int64) {
	*c = census{several: c.several, start: now, expiring: make([]uint32, horizon)}
	if c.several {
		c.filter = make([]uint64, filterSize)
	}
}

// add counts k, and reports whether a key of its name may have been counted before.
func (c *census) add(k *rdb.Key, hash uint64) (again bool) {
	c.keys++
	if k.ExpireMS != 0 {
		c.expiring[c.second(k.ExpireMS)]++
	}
	if !c.several {
		return false
	}
	again = true
	for _, h := range [2]uint64{hash, hash >> 32} {
		word, bit := &c.filter[h>>6%filterSize], uint64(1)<<(h%64)
		again = again && *word&bit != 0
		*word |= bit
	}
	return again
}

func (c *census) second(ms int64) int64 { return min(max((ms-c.start)/1000, 0), horizon-1) }

// check holds what the Redis has after the load against what it had before, and was promised: twice keys were there already.
func (c *census) check(before, after *server, twice int64) error {
	if n := after.evicted - before.evicted; n > 0 {
		return fmt.Errorf("%w: it has evicted %d keys", ErrOutOfMemory, n)
	}
	most := c.keys - twice
	least := most
	for _, n := range c.expiring[:c.second(after.now())+1] {
		least -= int64(n)
	}
	if after.keys < least || after.keys > most {
		return fmt.Errorf("expected %d to %d keys after the load, found %d", least, most, after.keys)
	}
	return nil
}
