package node

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer/source"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/server"
)

// Dump returns the present state as a seed, which is the caller's. An import under way is in it as it shows: where the seed is
// loaded, it belongs to nobody and never ends. One into a Redis is in it as failed. It lacks credentials, as DumpOf says.
func (n *Node) Dump(ctx context.Context) (*seed.Seed, error) {
	if n.emulator != nil {
		n.emulator.Scripts.Settle(ctx, 0, false)
	}
	tx, err := n.store.View(ctx)
	if err != nil {
		return nil, err
	}
	s, _ := DumpOf(tx)
	for _, db := range s.Databases {
		if db.DataPlane != database.Simulated {
			_ = db.FailImport(db.Import.Run.ID, database.GeneralError) // if one runs: where the seed is loaded, its Redis has a part
		}
		db.Import.Run = database.Run{}
	}
	s.Demo, s.MemoryLimit = n.face.Load().demo, n.face.Load().memory
	if n.emulator != nil {
		s.Scripts = n.emulator.Scripts.All()
	}
	return s, nil
}

// DumpOf returns records as a seed, and notes of what it leaves out because no seed could have it. The hashes of the users'
// passwords are in it; credentials of import sources, of sources to sync from and of databases are not.
func DumpOf(tx *store.Tx) (s *seed.Seed, notes []string) {
	d := &dump{Seed: seed.Seed{HighestUID: store.HighestUID(tx)}}
	for u := range store.Users.All(tx) {
		d.Users = append(d.Users, u)
	}
	for m := range store.Modules.All(tx) {
		d.Modules = append(d.Modules, m)
	}
	for _, db := range store.Databases.List(tx) {
		d.add(db)
	}
	return &d.Seed, d.notes
}

type dump struct {
	seed.Seed
	notes []string
}

func (d *dump) add(db *database.Database) {
	known := slices.Concat(d.Modules, database.Bundled())
	db.Modules = slices.DeleteFunc(db.Modules, func(ref database.ModuleRef) bool {
		_, err := known.Module(ref.UID)
		return err != nil && d.leaveOut(db, "module "+ref.Name+", which the cluster does not have")
	})
	db.Import.Sources = slices.DeleteFunc(db.Import.Sources, func(s database.Source) bool {
		_, err := url.Parse(s.Location)
		return s.Type == database.SourceURL && err != nil && d.leaveOut(db, "an import source that is not a URL")
	})
	for i, s := range db.Import.Sources {
		db.Import.Sources[i].Location = source.Label(s)
	}
	for name, value := range db.Settings {
		db.Settings[name] = server.Masked(name, value)
	}
	d.Databases = append(d.Databases, db)
}

func (d *dump) leaveOut(db *database.Database, what string) bool {
	d.notes = append(d.notes, fmt.Sprintf("database %d is without %s", db.UID, what))
	return true
}
