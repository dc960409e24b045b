// Package dataplane looks after the Redises behind databases: those that somebody else runs, and those that this node runs
// itself. It alone knows what has become of them, and tells their records.
package dataplane

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/store"
)

// Config is what a Plane needs: all but Program.
type Config struct {
	// Dir has a directory for each local Redis. It is made if it is missing. Only one Plane may have it.
	Dir string
	// Temporary says that Dir goes when the Plane does: nothing is saved for another one, and no process is left.
	Temporary bool
	// Program is the path of the redis-server or valkey-server that local databases run; what FindProgram finds if it is empty.
	Program string
	// Erase removes all that a Redis holds.
	Erase  func(ctx context.Context, o *redis.Options) error
	Events event.Sink
}

// Plane keeps the Redises and the records of a store's databases alike. Its methods may be called from many goroutines.
type Plane struct {
	cfg    Config
	store  store.Store
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	keepers map[int]*keeper // by uid
	ended   bool
}

// New returns a Plane for the databases of st. The caller closes it, and st only after that.
func New(st store.Store, cfg Config) (*Plane, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	p := &Plane{cfg: cfg, store: st, keepers: map[int]*keeper{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

func (p *Plane) events(ctx context.Context, e event.Event) { p.cfg.Events(ctx, e) }

// directory is that of the local Redis of a database.
func (p *Plane) directory(uid int) string { return filepath.Join(p.cfg.Dir, strconv.Itoa(uid)) }

// patience is how long a start waits for the Redises. Those that need longer are not active meanwhile.
const patience = 2 * time.Second

// Start brings back the Redises of the databases that there are, and looks after them from now on, and after those to come.
// Until its Redis answers, no database is active. Start waits a short time for the first attempt at each, and for the
// erasure of those that are incomplete. ctx is for the start alone.
func (p *Plane) Start(ctx context.Context) error {
	if err := p.store.Update(ctx, suspend); err != nil {
		return err
	}
	tx, err := p.store.View(ctx)
	if err != nil {
		return err
	}
	if err := p.sweep(tx); err != nil {
		return err
	}
	tried := p.look(tx)
	p.work.Go(func() { p.follow(tx.Revision()) })
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-tried:
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// suspend makes no database active whose Redis is yet to be looked for.
func suspend(tx *store.Tx) error {
	for _, db := range store.Databases.List(tx) {
		if db.DataPlane == database.Simulated || db.Lost() != nil {
			continue
		}
		if err := store.Databases.Put(tx, db); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes the Redises whose databases have gone.
func (p *Plane) sweep(tx *store.Tx) error {
	entries, err := os.ReadDir(p.cfg.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		uid, notOurs := strconv.Atoi(e.Name())
		if db, _ := store.Databases.Get(tx, uid); notOurs != nil || db != nil && db.DataPlane == database.Local {
			continue
		}
		gone := &local{dir: p.directory(uid)}
		err = errors.Join(err, gone.clear())
	}
	return err
}

// look has a keeper for each database, rouses those that there are, and returns what is closed when all of the new ones have
// tried once.
func (p *Plane) look(tx *store.Tx) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	var trying sync.WaitGroup
	for _, k := range p.keepers {
		k.rouse()
	}
	for db := range store.Databases.All(tx) {
		if p.keepers[db.UID] == nil && db.DataPlane != database.Simulated {
			trying.Add(1)
			p.keep(&db, trying.Done)
		}
	}
	tried := make(chan struct{})
	p.work.Go(func() {
		trying.Wait()
		close(tried)
	})
	return tried
}

// keep begins to keep a database. The caller holds mu.
func (p *Plane) keep(db *database.Database, first func()) {
	if p.ended {
		first()
		return
	}
	k := p.newKeeper(db, first)
	p.keepers[db.UID] = k
	p.work.Go(func() {
		k.keep(p.ctx)
		p.leave(k)
	})
}

// leave ends a keeper. If its uid is another database's by now, that one gets its own.
func (p *Plane) leave(k *keeper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	delete(p.keepers, k.uid)
	db, err := store.Get(p.ctx, p.store, store.Databases, k.uid)
	if err == nil && db.DataPlane != database.Simulated {
		p.keep(db, func() {})
	}
}

// retryEvery is the time between two attempts at a store that cannot be read.
const retryEvery = time.Second

// follow looks at what changes after a revision.
func (p *Plane) follow(from store.Revision) {
	for {
		for c, err := range p.store.Watch(p.ctx, from) {
			if err != nil { // such as store.ErrCompacted
				break
			}
			p.notice(c)
		}
		tx, err := p.store.View(p.ctx)
		if err != nil {
			if !sleep(p.ctx, retryEvery) {
				return
			}
			continue
		}
		p.look(tx)
		from = tx.Revision()
	}
}

func (p *Plane) notice(c store.Commit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, change := range c.Changes {
		db, is := store.Databases.Of(change)
		if !is {
			continue
		}
		uid, err := strconv.Atoi(change.Key)
		if err != nil {
			continue
		}
		if k := p.keepers[uid]; k != nil {
			k.rouse()
		} else if db != nil && db.DataPlane != database.Simulated {
			p.keep(db, func() {})
		}
	}
}

// Close ends the local Redises, which save what they have first, and returns when nothing is looked after any more. The
// error names processes that could not save: they go on, and the next Plane on the directory takes them over.
func (p *Plane) Close() error {
	p.end()
	if p.cfg.Temporary {
		return p.endAll(backing.clear)
	}
	return p.endAll(backing.stop)
}

// Kill leaves the Redises as they are, as the death of this process would.
func (p *Plane) Kill() error {
	p.end()
	if p.cfg.Temporary {
		return p.endAll(backing.clear)
	}
	p.keepers = nil
	return nil
}

// endAll ends all Redises at once, once no keeper works.
func (p *Plane) endAll(end func(backing) error) error {
	failed := make([]error, len(p.keepers))
	var ending sync.WaitGroup
	n := 0
	for _, k := range p.keepers {
		at := &failed[n]
		n++
		ending.Go(func() { *at = end(k.backing) })
	}
	ending.Wait()
	p.keepers = nil
	return errors.Join(failed...)
}

// end returns when no keeper works any more.
func (p *Plane) end() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.cancel()
	p.work.Wait()
}
