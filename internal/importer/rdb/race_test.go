//go:build race

package rdb

// slowed: under the race detector the checksum takes some forty times as long.
const slowed = true
