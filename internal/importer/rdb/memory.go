package rdb

import "math/bits"

// Sizes in bytes of Redis 7.0's structures as jemalloc hands them out, from the headers named. Later versions take less
// for a key, by embedding.
const (
	objectSize    = 16                  // robj, server.h
	dictSize      = 56                  // dict.h
	dictEntry     = 32                  // dict.h: 24 before rounding
	quicklistSize = 48                  // quicklist.h
	quicklistNode = 48                  // 40 before rounding
	listpackEntry = 3                   // header and back length of one element, and its share of the node
	skiplistSize  = 16 + 32 + 640       // zset, zskiplist and its first node of 32 levels
	skiplistNode  = 52                  // server.h: 24 and 16 for each of 1.33 levels, rounded
	streamSize    = 96 + 2*(32+16)      // stream and its radix tree, stream.h
	radixNode     = 64                  // rax.h: the nodes that one id takes, and its share of those above
	groupSize     = 48 + 2*(32+16) + 64 // streamCG and its two radix trees
	consumerSize  = 48 + 32 + 16 + 64
	pendingEntry  = 32 // streamNACK
	fieldExpiry   = 40 // ebuckets.h: the item and its share of the tree
)

// allocated rounds n up to the next of jemalloc's size classes: four to each doubling, multiples of 16 below 128.
func allocated(n uint64) int64 {
	if n <= 128 {
		return int64(n+15) &^ 15
	}
	step := uint64(1) << (bits.Len64(n-1) - 3)
	return int64((n + step - 1) &^ (step - 1))
}

// sds is a string as a key, element or field: with a header of 1 byte below 32, 3 below 256, 5 below 65536, 9 above, and a
// closing zero.
func sds(n uint64, enc byte) int64 {
	switch {
	case enc != 0 && enc != encLZF:
		return 16 // an integer's digits
	case n < 32:
		return allocated(n + 2)
	case n < 1<<8:
		return allocated(n + 4)
	case n < 1<<16:
		return allocated(n + 6)
	}
	return allocated(n + 10)
}

// stringObject is a string value. Integers are held in the object, strings up to 44 bytes in one piece with it.
func stringObject(n uint64, enc byte) int64 {
	switch {
	case enc != 0 && enc != encLZF:
		return objectSize
	case n <= 44:
		return allocated(objectSize + n + 4)
	}
	return objectSize + sds(n, enc)
}

// keyMemory is what a key takes in the main dictionary, buckets aside.
func keyMemory(name uint64) int64 { return dictEntry + sds(name, 0) }

// buckets is the array of a hash table with n entries. Lengths that no file can hold must not count before the file ends.
func buckets(n uint64) int64 {
	if n == 0 || n > 1<<40 {
		return 0
	}
	return 8 << bits.Len64(n-1)
}

// database is the one selected: how many keys and expiries its hash tables will hold.
type database struct {
	index          int
	keys, expiring uint64
}

// tables is the memory of the hash tables themselves, and of the expiries, which share the keys' names.
func (d database) tables() int64 {
	return buckets(d.keys) + buckets(d.expiring) + int64(d.expiring)*dictEntry
}
