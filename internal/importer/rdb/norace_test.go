//go:build !race

package rdb

const slowed = false
