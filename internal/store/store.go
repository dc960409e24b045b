// Package store is the contract of the records at rest. Records come in kinds; a change reads and writes any of them in
// one transaction, and once the call returns nil it is on disk. Reads see what is on disk, all of it up to the last
// change that was answered, and nothing else.
//
// Package bolt keeps records in a file, package memory in memory alone; package storetest is the suite for both.
package store

import (
	"context"
	"errors"
	"iter"
)

var (
	// ErrLocked says that another process, or another Store, has the records.
	ErrLocked = errors.New("store is in use by another process")
	// ErrClosed answers every call that comes after Close.
	ErrClosed = errors.New("store is closed")
	// ErrCompacted says that not all changes since the revision asked for are known any more. Read all records again,
	// and watch from the revision of that reading.
	ErrCompacted = errors.New("store: changes since that revision are no longer kept")
	// ErrDamaged says that what is on disk is not what was written there.
	ErrDamaged = errors.New("store is damaged")
)

// Revision counts the transactions that have changed something. It goes on from there after a restart.
type Revision int64

// Store keeps records. Its methods may be called from many goroutines.
type Store interface {
	// View returns a transaction that reads all records as they are now, however long it is kept: every change that was
	// answered before the call is in it. It needs no end.
	View(ctx context.Context) (*Tx, error)

	// Update runs change and makes what it has written durable, all of it or, if change or Update returns an error,
	// nothing. No other change comes between what change reads and what it writes. If it writes nothing new, Update costs
	// no write.
	//
	// change runs on the caller's goroutine. It may run more than once, so it must set anew what it hands out; others wait
	// for it, and it must not call the store. A panic in it passes through Update and leaves no trace. A context that ends
	// while the change waits for its turn withdraws it; after that, Update returns how it ended.
	Update(ctx context.Context, change func(*Tx) error) error

	// Watch returns the commits after a revision, in their order and without a gap, each once it is on disk. It ends with
	// the context's error, with ErrClosed or with ErrCompacted: a reader so slow that commits it has not seen are dropped
	// gets that, and holds up nobody.
	Watch(ctx context.Context, from Revision) iter.Seq2[Commit, error]

	// Err returns why the last write failed: the error that those got whose changes were in it. It is nil if that write
	// succeeded, or none was tried. Only a write finds out that the cause is gone: a store whose last one failed tries one
	// by itself, again and again. Err never waits.
	Err() error

	// Close waits for the changes under way. A second call returns ErrClosed.
	Close() error
}
