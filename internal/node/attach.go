package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
)

// attach has each of all be a database of that name: a new one, or one that is attached already and gets the address and the
// password. The error is a *ConfigError if a database that is not attached has the name, or if another one is attached to the
// Redis already.
func attach(tx *store.Tx, all []seed.Attachment, modules database.Catalog, now time.Time) error {
	for _, a := range all {
		if err := attachOne(tx, a, modules, now); err != nil {
			return &ConfigError{"attach", fmt.Errorf("%s: %w", a.Name, err)}
		}
	}
	return nil
}

func attachOne(tx *store.Tx, a seed.Attachment, modules database.Catalog, now time.Time) error {
	for db := range store.Databases.All(tx) {
		if db.Name != a.Name && db.Redis.SamePlace(a.Redis) {
			return fmt.Errorf("database %d is attached to this Redis already, and an import erases what it holds", db.UID)
		}
	}
	for db := range store.Databases.All(tx) {
		switch {
		case db.Name != a.Name:
		case db.DataPlane != database.Attached:
			return fmt.Errorf("database %d has this name and is not attached", db.UID)
		case db.Redis == a.Redis:
			return nil
		default:
			db.Redis, db.Port = a.Redis, a.Redis.Port()
			return store.Databases.Put(tx, &db)
		}
	}
	change := database.Change{Name: &a.Name, Port: new(a.Redis.Port())}
	db, err := database.New(0, "", database.Attached, change, modules, now)
	if err != nil {
		return err
	}
	db.Redis = a.Redis
	_, err = store.Insert(tx, db)
	return err
}

// withPasswords returns databases of a seed, which a dump may be and is without the passwords of Redises, with those that the
// node knows.
func (n *Node) withPasswords(ctx context.Context, given []*database.Database) ([]*database.Database, error) {
	present, err := store.List(ctx, n.store, store.Databases)
	if err != nil {
		return nil, err
	}
	var known []database.Attachment
	for _, db := range slices.Concat(present, n.cfg.Seed.Databases) {
		known = append(known, db.Redis)
	}
	for _, a := range n.cfg.Attach {
		known = append(known, a.Redis)
	}
	all := slices.Clone(given)
	for i, db := range all {
		at := slices.IndexFunc(known, func(a database.Attachment) bool {
			known := a.Password != ""
			a.Password = "" // all else must be alike, lest it be sent in the clear
			return known && a == db.Redis
		})
		if db.DataPlane == database.Attached && at >= 0 {
			all[i] = db.Clone()
			all[i].Redis.Password = known[at].Password
		}
	}
	return all, nil
}
