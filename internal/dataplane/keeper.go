package dataplane

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/store"
)

// backing is the Redis of one database.
type backing interface {
	// connect returns a link to the Redis, which it makes run if it can. It returns a *startError if that cannot be.
	connect(ctx context.Context, db *database.Database) (*link, error)
	// apply makes the settings of the Redis those of db, and returns nil at once if they are.
	apply(ctx context.Context, l *link, db *database.Database) error
	// has reports whether apply has applied what the settings of db say.
	has(db *database.Database) bool
	// clear removes the Redis with all that it has, unless it is somebody else's.
	clear() error
	// stop ends the Redis so that connect brings its data back, unless it is somebody else's.
	stop() error
}

// startError is why a Redis does not start.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

var (
	errOver    = errors.New("the database is gone or another one by now")
	errChanged = errors.New("the record has changed meanwhile")
)

// keeper makes the Redis of one database what its record says, and the record say what the Redis is. It works on one
// goroutine.
type keeper struct {
	p       *Plane
	uid     int
	plane   database.DataPlane
	backing backing
	wake    chan struct{} // has room for one
	first   func()        // called when the first attempt has ended
	used    bool          // the database has been active
	said    string        // the newest reason why the Redis cannot be had
}

func (p *Plane) newKeeper(db *database.Database, first func()) *keeper {
	k := &keeper{
		p: p, uid: db.UID, plane: db.DataPlane, wake: make(chan struct{}, 1), first: sync.OnceFunc(first), used: db.Status != database.Pending,
	}
	if k.backing = (attached{}); db.DataPlane == database.Local {
		k.backing = &local{k: k, dir: p.directory(db.UID)}
	}
	return k
}

// rouse has the keeper look at the record. It never waits.
func (k *keeper) rouse() {
	select {
	case k.wake <- struct{}{}:
	default: // it will look
	}
}

// record returns the record as it is now, nil if there is none.
func (k *keeper) record(ctx context.Context) (*database.Database, error) {
	db, err := store.Get(ctx, k.p.store, store.Databases, k.uid)
	if errors.Is(err, database.ErrNotExist) {
		return nil, nil
	}
	return db, err
}

// over reports whether there is nothing left to keep: the record is gone, is to go, or is another database's.
func (k *keeper) over(db *database.Database) bool {
	return db == nil || db.DataPlane != k.plane || db.Status == database.DeletePending || k.used && db.Status == database.Pending
}

// isOver is over of the record as it is now.
func (k *keeper) isOver(ctx context.Context) bool {
	db, err := k.record(ctx)
	return err == nil && k.over(db)
}

// keep returns when ctx ends, or when the database is over and its Redis gone.
func (k *keeper) keep(ctx context.Context) {
	defer k.first()
	if !k.used {
		_ = k.backing.clear() // what an earlier database of this uid has left; if it stays, connect finds out
	}
	for delay := time.Duration(0); ctx.Err() == nil; {
		began := time.Now()
		err := k.round(ctx)
		if err == nil {
			return
		}
		if delay = min(2*delay+shortest, longest); time.Since(began) > steady {
			delay = 0
		}
		k.first()
		k.pause(ctx, delay)
	}
}

// Between two attempts at a Redis that cannot be had.
const (
	shortest = 50 * time.Millisecond
	longest  = 5 * time.Second
	steady   = 10 * time.Second // a Redis that has stood for so long gets its next attempt at once
)

// round is one attempt, which ends when the Redis is lost. It returns nil when there is no need for another.
func (k *keeper) round(ctx context.Context) error {
	db, err := k.record(ctx)
	switch {
	case err != nil:
		return err
	case k.over(db):
		return k.remove(ctx, db)
	case db.Status == database.CreationFailed:
		k.first()
		select {
		case <-k.wake:
		case <-ctx.Done():
		}
		return errChanged
	}
	l, err := k.backing.connect(ctx, db)
	if err != nil {
		k.missing(ctx, db, err)
		return err
	}
	err = k.hold(ctx, l)
	_ = l.close() // it has ended, or is to end
	return err
}

// hold keeps the record and the Redis alike until the Redis is lost or the database is over.
func (k *keeper) hold(ctx context.Context, l *link) error {
	for {
		db, err := k.record(ctx)
		if err != nil {
			return err
		}
		if k.over(db) || db.Status == database.CreationFailed {
			return errOver
		}
		err = k.settle(ctx, l, db)
		if errors.Is(err, errChanged) {
			continue
		}
		if err != nil {
			k.missing(ctx, db, err)
			return err
		}
		k.first()
		if err := l.idle(ctx, k.wake); err != nil {
			return err
		}
	}
}

// settle makes the Redis what db says, then the record active.
func (k *keeper) settle(ctx context.Context, l *link, db *database.Database) error {
	if err := k.backing.apply(ctx, l, db); err != nil {
		return err
	}
	erased := db.Incomplete && db.Status == database.Recovery // no import begins before it is active
	if erased {
		if err := k.erase(ctx, db, l.endpoint); err != nil {
			return err
		}
	}
	if (db.Status == database.Active || db.Status == database.ImportPending) && db.Endpoint == l.endpoint {
		return nil
	}
	before := db.Status
	_, err := store.Update(ctx, k.p.store, store.Databases, k.uid, func(db *database.Database) error {
		if k.over(db) || !k.backing.has(db) || db.Incomplete && db.Status == database.Recovery && !erased {
			return errChanged
		}
		before = db.Status
		return db.Ready(l.endpoint)
	})
	if errors.Is(err, database.ErrNotExist) || errors.Is(err, database.ErrBusy) {
		return errChanged
	}
	if err != nil {
		return err
	}
	k.used, k.said = true, ""
	if before == database.Pending || before == database.Recovery {
		k.p.events(ctx, event.DatabaseReady{UID: k.uid, DataPlane: string(k.plane), Host: l.endpoint.Host, Port: l.endpoint.Port})
	}
	return nil
}

func (k *keeper) erase(ctx context.Context, db *database.Database, at database.Endpoint) error {
	c := *db
	c.Endpoint = at
	o, err := k.p.Options(&c)
	if err != nil {
		return err
	}
	if err := k.p.cfg.Erase(ctx, o); err != nil {
		return err
	}
	k.p.events(ctx, event.DatabaseErased{UID: k.uid})
	return nil
}

// missing notes that the Redis of db cannot be had, in the record and, once for each reason, as an event.
func (k *keeper) missing(ctx context.Context, db *database.Database, why error) {
	if ctx.Err() != nil || errors.Is(why, errOver) {
		return
	}
	_, hopeless := errors.AsType[*startError](why)
	hopeless = hopeless && db.Status == database.Pending
	rule := (*database.Database).Lost
	if hopeless {
		rule = (*database.Database).CreationFails
	}
	_, err := store.Update(ctx, k.p.store, store.Databases, k.uid, func(db *database.Database) error {
		if k.over(db) {
			return errOver
		}
		return rule(db)
	})
	switch {
	case hopeless && err == nil:
		_ = k.backing.clear() // the next start tries again
		k.p.events(ctx, event.CreationFailed{UID: k.uid, Err: why})
	case errors.Is(err, errOver) || errors.Is(err, database.ErrNotExist):
	default:
		k.say(ctx, event.DatabaseMissing{UID: k.uid, Lost: err == nil, Err: why}, why)
	}
}

// say reports an event unless the one before had the same reason.
func (k *keeper) say(ctx context.Context, e event.Event, why error) {
	if k.said == why.Error() {
		return
	}
	k.said = why.Error()
	k.p.events(ctx, e)
}

// remove ends what is over: first the Redis, then the record that waits for that.
func (k *keeper) remove(ctx context.Context, db *database.Database) error {
	if err := k.backing.clear(); err != nil {
		k.say(ctx, event.DatabaseNotRemoved{UID: k.uid, Err: err}, err)
		return err
	}
	if db != nil && db.Status == database.DeletePending {
		err := store.Delete(ctx, k.p.store, store.Databases, k.uid, func(db *database.Database) error {
			if db.Status != database.DeletePending {
				return errChanged
			}
			return nil
		})
		if err != nil && !errors.Is(err, database.ErrNotExist) {
			return err
		}
	}
	k.p.events(ctx, event.DatabaseRemoved{UID: k.uid, DataPlane: string(k.plane)})
	return nil
}

// pause waits, unless the database is over.
func (k *keeper) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-k.wake:
			if k.isOver(ctx) {
				return
			}
		}
	}
}
