// Package rdb walks RDB files, the snapshots that Redis and Valkey write.
//
// A Scanner reads a file once, from front to back, through a window of fixed size. It understands the structure of every
// value without decoding it: it hands out each key with its type, expiry and place in the file, the value's serialized
// bytes as a stream for whoever wants them, and verifies the checksum at the end. Memory does not grow with the file, nor
// with a value, whatever lengths the file claims.
//
// What it verifies of a value, checksum or not: that lengths and containers are possible, that compressed strings can be
// decoded and have the length they announce, and that a listpack, ziplist, intset or zipmap is as long as it says itself
// and ends with its end byte, which goes unseen where a compressed blob ends with a reference. It does not look at the
// elements within such a blob, their number or order, at duplicates, nor at scores, ids and what modules wrote: there only
// the checksum tells damage, and a file without one may hold such.
//
// The format is that of rdb.h and rdb.c in redis/redis (versions 1 to 15) and valkey-io/valkey (80).
package rdb
