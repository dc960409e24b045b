package rdb

import (
	"errors"
	"fmt"
)

// What can be wrong with a file. Every error of this package is an *Error that wraps one of these, or an error of the
// reader or writer it was given.
var (
	// ErrCorrupt: the bytes are no RDB file, or one that is cut off, damaged, or followed by something else.
	ErrCorrupt = errors.New("corrupt rdb")
	// ErrUnsupported: the file's version, or something in it that Redis is known to have written, is none that this package
	// can walk. The message names it. What no server writes in that version is ErrCorrupt.
	ErrUnsupported = errors.New("unsupported rdb content")
	// ErrKeyTooLong: a key's name is longer than MaxString.
	ErrKeyTooLong = errors.New("key too long")
	// ErrBulkLength: a string, or one element of a value, is longer than MaxString.
	ErrBulkLength = errors.New("invalid bulk length")
)

// MaxString is the length in bytes of the longest string that Redis takes by default (proto-max-bulk-len).
const MaxString = 512 << 20

// Error says what is wrong with a file, and where.
type Error struct {
	// Offset is the position, in bytes from the start of the uncompressed file, of what could not be read.
	Offset int64
	// Err is one of the package's Err variables, or the error of the reader or writer as it came.
	Err error
	// Detail says what was found or expected. It is empty for errors of the reader or writer.
	Detail string
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("at byte %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("%v at byte %d: %s", e.Err, e.Offset, e.Detail)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
