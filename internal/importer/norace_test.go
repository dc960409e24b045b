//go:build !race

package importer_test

const slowed = false
