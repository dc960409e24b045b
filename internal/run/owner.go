package run

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/store"
)

const (
	lease      = time.Minute
	renewEvery = lease / 3
	// changedAtOnce keeps one transaction from holding up others for long.
	changedAtOnce = 64
)

// identityLength is that of rand.Text, which says how much is enough.
const identityLength = 26

// Identity returns the identity of the node whose data directory this is, which lasts as long as the directory does. No other
// process may have the directory. One that is lost, or cut off by a loss of power, is replaced: what the old one has left under
// way ends when its lease does.
func Identity(dataDir string) (string, error) {
	path := filepath.Join(dataDir, "node-id")
	found, err := os.ReadFile(path) //nolint:gosec // a file of ours
	switch {
	case err == nil && len(found) == identityLength:
		return string(found), nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	id := rand.Text()
	return id, os.WriteFile(path, []byte(id), 0o600)
}

// Recover ends what dead processes have left under way: those of this node, and those of nodes whose lease has run out. Call
// it before the first Start.
func (r *Runner) Recover(ctx context.Context) error {
	return r.endAbandoned(ctx, func(run database.Run) bool { return run.Owner == r.owner || r.lapsed(run) })
}

// lapsed reports whether a run's owner, another node, has let its lease run out. A run of this node may not be known yet: its
// record comes first.
func (r *Runner) lapsed(run database.Run) bool {
	return run.Owner != r.owner && time.Now().After(run.Lease)
}

// keepLeases renews the leases of the runs under way, and looks for runs whose owner is gone. What fails is tried again the
// next time; a run that has lost its lease thereby finds out when it reports.
func (r *Runner) keepLeases() {
	for r.pause(renewEvery) {
		r.renew()
		_ = r.endAbandoned(r.ctx, r.lapsed)
	}
}

func (r *Runner) renew() {
	until := time.Now().Add(lease)
	for jobs := range slices.Chunk(r.jobsUnderWay(), changedAtOnce) {
		_ = r.store.Update(r.ctx, func(tx *store.Tx) error {
			for _, j := range jobs {
				db, err := store.Databases.Get(tx, j.UID)
				if err != nil || db.RenewRun(j.Run, until) != nil {
					continue // it has lost its record
				}
				if err := store.Databases.Put(tx, db); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// endAbandoned ends the runs whose owner is gone.
func (r *Runner) endAbandoned(ctx context.Context, gone func(database.Run) bool) error {
	tx, err := r.store.View(ctx)
	if err != nil {
		return err
	}
	var uids []int
	for db := range store.Databases.All(tx) {
		if ended, err := db.EndAbandoned(gone); err != nil || ended != nil { // on a shallow copy, which nobody keeps
			uids = append(uids, db.UID)
		}
	}
	for some := range slices.Chunk(uids, changedAtOnce) {
		var events []event.RunRecovered
		err := r.store.Update(ctx, func(tx *store.Tx) (err error) {
			events, err = endAbandoned(tx, some, gone)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range events {
			r.events(ctx, e)
		}
	}
	return nil
}

func endAbandoned(tx *store.Tx, uids []int, gone func(database.Run) bool) (events []event.RunRecovered, err error) {
	for _, uid := range uids {
		db, err := store.Databases.Get(tx, uid)
		if err != nil {
			continue // it has gone meanwhile
		}
		ended, err := db.EndAbandoned(gone)
		if err == nil {
			err = store.Databases.Put(tx, db)
		}
		if err != nil {
			return nil, err
		}
		for _, run := range ended {
			events = append(events, event.RunRecovered{Operation: run.Operation, UID: uid, Run: run.ID, Reason: run.Reason})
		}
	}
	return events, nil
}
