// Package memory keeps records in memory alone.
package memory

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/reimport/reimport/internal/store"
)

// Disk is what outlives a Store, as a file would. The zero value is empty.
type Disk struct {
	mu    sync.Mutex
	image *store.Image // nil if there was never a Store
	open  bool
}

// Store keeps records in memory. It implements store.Store.
type Store struct {
	disk    *Disk
	history *store.History
	image   atomic.Pointer[store.Image] // nil once the store is closed
	mu      sync.Mutex                  // held by whoever changes image
}

// Open opens the store on a Disk, or returns store.ErrLocked. The caller closes the Store.
func Open(d *Disk) (*Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open {
		return nil, store.ErrLocked
	}
	if d.image == nil {
		d.image = new(store.Image)
	}
	d.open = true
	s := &Store{disk: d, history: store.NewHistory(d.image.Revision())}
	s.image.Store(d.image)
	return s, nil
}

// Copy returns a Disk that holds what d holds now.
func (d *Disk) Copy() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &Disk{image: d.image}
}

func (d *Disk) write(image *store.Image) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.image = image
}

// View implements store.Store.
func (s *Store) View(ctx context.Context) (*store.Tx, error) {
	image, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return image.View(), nil
}

func (s *Store) read(ctx context.Context) (*store.Image, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if image := s.image.Load(); image != nil {
		return image, nil
	}
	return nil, store.ErrClosed
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, change func(*store.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	image, err := s.read(ctx)
	if err != nil {
		return err
	}
	tx := image.Begin()
	if err := change(tx); err != nil {
		return err
	}
	changes, err := tx.Changes()
	if err != nil || len(changes) == 0 {
		return err
	}
	s.publish(image.With(changes), changes)
	return nil
}

func (s *Store) publish(next *store.Image, changes []store.Change) {
	s.disk.write(next)
	s.image.Store(next)
	s.history.Append(store.Commit{Revision: next.Revision(), Changes: changes})
}

// Watch implements store.Store.
func (s *Store) Watch(ctx context.Context, from store.Revision) iter.Seq2[store.Commit, error] {
	return s.history.Watch(ctx, from)
}

// Err implements store.Store. Nothing can fail to be written here.
func (s *Store) Err() error { return nil }

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.image.Swap(nil) == nil {
		return store.ErrClosed
	}
	s.history.Close()
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	s.disk.open = false
	return nil
}
