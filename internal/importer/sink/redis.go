package sink

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"net"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/importer/rdb"
)

// Import is what a Redis must know of an import before anything is erased.
type Import struct {
	// Files is what the check has learned of each file, in the order in which they are loaded.
	Files []rdb.Stats
	// AnyMemory lets them be more than the Redis may hold, as far as is known.
	AnyMemory bool
}

// Redis is a standalone Redis or Valkey that takes an import. Its methods are for one goroutine.
type Redis struct {
	server  *server // as it was before the first key
	lanes   [2]*lane
	running sync.WaitGroup
	ctx     context.Context // of the load, from Begin on
	stop    context.CancelCauseFunc

	seed   maphash.Seed
	census census
	entry  entry
	source source
}

// NewRedis connects to the Redis of opt and asks it whether it can take all that imp has. If it cannot, NewRedis returns why, and what
// the Redis holds is as it was.
func NewRedis(ctx context.Context, opt *redis.Options, imp Import) (_ *Redis, err error) {
	r := &Redis{seed: maphash.MakeSeed()}
	r.entry.r, r.source.r = r, r
	r.census.several = len(imp.Files) > 1
	for i := range r.lanes {
		l, err := dial(ctx, opt)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.lanes[i] = &lane{link: l}
	}
	defer r.closeAt(ctx)()
	if err := r.lanes[0].canTake(ctx, imp); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// closeAt ends the connections as soon as ctx ends, whatever they wait for, until the caller calls what it returns.
func (r *Redis) closeAt(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() {
		for _, l := range r.lanes {
			_ = l.raw.Close()
		}
	})
}

// Begin erases all databases and libraries of the Redis.
func (r *Redis) Begin(ctx context.Context) error {
	if err := r.erase(ctx); err != nil {
		return err
	}
	r.census.begin(r.server.now())
	r.ctx, r.stop = context.WithCancelCause(ctx)
	context.AfterFunc(r.ctx, func() {
		for _, l := range r.lanes {
			l.hurry()
		}
	})
	for _, l := range r.lanes {
		l.start(r.ctx, r.stop)
		queue := l.queue
		r.running.Go(func() { l.run(queue) })
	}
	return nil
}

// erase makes the Redis ready for the first key.
func (r *Redis) erase(ctx context.Context) (err error) {
	defer r.closeAt(ctx)()
	if err := r.lanes[0].erase(ctx); err != nil {
		return err
	}
	for _, l := range r.lanes {
		if err := l.setName(ctx); err != nil {
			return err
		}
	}
	r.server, err = r.lanes[0].server(ctx)
	return err
}

// Key takes a key as the importer's Sink has it.
func (r *Redis) Key(k *rdb.Key) io.Writer {
	e := &r.entry
	hash := maphash.Bytes(r.seed, k.Name) + uint64(k.DB) //nolint:gosec // not negative
	e.name = append(e.name[:0], k.Name...)
	e.key, e.lane, e.hash, e.left, e.begun = *k, r.lanes[hash%2], hash, k.ValueLen, false
	e.key.Name = e.name
	return e
}

// Library takes a function library as the importer's Sink has it.
func (r *Redis) Library(size int64) io.Writer {
	r.source.size, r.source.left = size, size
	return &r.source
}

// Flush waits until the Redis has all of the import, and finds it there.
func (r *Redis) Flush() error {
	r.finish()
	if err := context.Cause(r.ctx); err != nil {
		return err
	}
	defer r.closeAt(r.ctx)()
	after, err := r.lanes[0].server(r.ctx)
	if err != nil {
		return err
	}
	twice := r.lanes[0].twice + r.lanes[1].twice
	return r.census.check(r.server, after, twice)
}

// finish sends what is left and waits for its replies.
func (r *Redis) finish() {
	for _, l := range r.lanes {
		if l != nil {
			l.finish()
		}
	}
	r.running.Wait()
}

// Close closes the connections, once the replies to what was sent are there or overdue.
func (r *Redis) Close() error {
	if r.stop != nil {
		r.stop(net.ErrClosed)
	}
	r.finish()
	var errs []error
	for _, l := range r.lanes {
		if l != nil {
			errs = append(errs, l.close())
		}
	}
	return errors.Join(errs...)
}
