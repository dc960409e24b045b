// Package rdb walks RDB files, the snapshots that Redis and Valkey write.
//
// A Scanner reads a file once, from front to back, through a window of fixed size. It understands the structure of every
// value without decoding it: it hands out each key with its type, expiry and place in the file, the value's serialized
// bytes as a stream for whoever wants them, and verifies the checksum at the end. Memory does not grow with the file, nor
// with a value, whatever lengths the file claims.
//
// A file with a right checksum is what a server wrote. What every scan verifies is what it needs to find its way: lengths
// and containers, and that a listpack, ziplist, intset or zipmap that is not compressed is as long as it says itself and
// ends with its end byte.
//
// A file may have no checksum (rdbchecksum no, and all before version 5). A strict scan refuses of it most of what
// redis-server 7.0 refuses: compressed strings that cannot be decoded or have not the length they announce, blobs that are
// not as long as they say although compressed, a key that its database has already, members of sets and sorted sets,
// stream ids, groups, consumers and pending entries that are there twice, fields of a hash too large for a listpack
// likewise, entries of a consumer that its group has not pending, scores that are not numbers, and function libraries whose
// first line names no engine and no name. It compares the first 65,536 keys of a file, at least the first 32,768 elements
// of a value, and of these only such as have at most 64 KiB. With or without a checksum, it reads lengths as leniently as
// Redis.
//
// That leaves to the target what cannot be known from the file, or costs much:
//   - database numbers beyond those it has, modules it lacks, and types newer than it is
//   - function libraries that do not compile, or whose engine it does not know
//   - the elements within a blob, their number, order and duplicates. Redis looks at them in ziplists and zipmaps, and in
//     large listpacks; RESTORE does if sanitize-dump-payload is on.
//
// It refuses bytes behind the end of the file, which Redis does not read.
//
// The format is that of rdb.h and rdb.c in redis/redis (versions 1 to 15) and valkey-io/valkey (80).
package rdb
