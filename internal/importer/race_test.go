//go:build race

package importer_test

// slowed: the race detector makes everything ten times slower, so files are smaller.
const slowed = true
