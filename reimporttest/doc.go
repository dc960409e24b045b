// Package reimporttest runs a server for a test.
package reimporttest
