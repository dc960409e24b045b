package importer

import (
	"context"
	"errors"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer/sink"
	"github.com/reimport/reimport/internal/store"
)

const (
	maxLosses   = 3                // of the connection, after which an import gives up
	reachWithin = time.Minute      // until a database that cannot be reached must be
	eraseWithin = 10 * time.Second // for what a failed load has left
	firstPause  = 50 * time.Millisecond
	longPause   = 2 * time.Second
)

// loadInto loads the files into a sink, which it closes. If the connection is lost, it loads them again from the beginning into
// another sink: a Redis that was restarted may have lost what it had acknowledged.
func (a *attempt) loadInto(to Sink, o *Opening) error {
	for losses := 1; ; losses++ {
		err := a.loadAll(to)
		if !errors.Is(err, sink.ErrConnectionLost) || losses > maxLosses || a.given {
			return err
		}
		a.im.cfg.Events(a.ctx, event.ImportInterrupted{UID: a.uid, Run: a.run, Loss: losses, Err: err})
		a.turn.Give() // others need not wait for this database
		if to, err = a.reach(o); err != nil {
			return err
		}
		if err := a.turn.Move(a.ctx, a.im.loads); err != nil {
			return errors.Join(err, to.Close())
		}
		a.rewind()
	}
}

// reach opens the sink, and waits for a database that cannot be reached.
func (a *attempt) reach(o *Opening) (Sink, error) {
	until := time.Now().Add(a.im.reachWithin)
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		to, err := a.openSink(a.ctx, o)
		if !errors.Is(err, sink.ErrConnectionLost) || time.Now().After(until) {
			return to, err
		}
		select {
		case <-time.After(pause):
		case <-a.ctx.Done():
			return nil, context.Cause(a.ctx)
		}
		if o.Database, err = store.Get(a.ctx, a.im.store, store.Databases, a.uid); err != nil { // it may be reached elsewhere by now
			return nil, err
		}
	}
}

// erase has nothing left in the database of a load that has failed, a shutdown or not. If that cannot be, the record goes on to
// say that the database is incomplete, and the data plane erases it as soon as it can.
func (a *attempt) erase(db *database.Database) {
	if db.DataPlane == database.Simulated || a.scripted {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), eraseWithin)
	defer cancel()
	err := a.im.cfg.Erase(ctx, db)
	if err == nil {
		err = a.update(ctx, func(db *database.Database) error { return db.Erased(a.run) })
	}
	a.im.cfg.Events(a.ctx, event.ImportErased{UID: a.uid, Run: a.run, Err: err})
}
