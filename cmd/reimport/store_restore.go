package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/disk"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

func newStoreRestoreCommand(a *app, file func() string) *cobra.Command {
	var setAside bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Fill a store from a seed file",
		Long: `Fill a store that has no databases, or make one, from a dump or another seed file: all of it or, whatever happens, nothing.

With --set-aside, the store that is there stays beside the new one under another name, whatever it holds and however it is
damaged. Without, a store that has databases, is damaged or has been lost is left as it is.

Users, modules and scripts of imports are those of the files that a server is started with. Start it with the dump as --seed if it
has some that these lack.`,
		Example: `  reimport store restore reimport.yaml --data-dir /var/lib/reimport
  reimport store dump --salvage -f salvaged.yaml; reimport store restore salvaged.yaml --set-aside`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := seed.Read(args[0])
			if err != nil {
				return usageError(err)
			}
			fill := func(tx *store.Tx) error { return node.Fill(tx, c, time.Now(), database.Simulated) }
			path, aside := file(), ""
			if err := disk.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return usageError(fmt.Errorf("--data-dir: %w", err))
			}
			if setAside {
				aside, err = bolt.Make(path, fill)
			} else {
				err = restoreInto(cmd.Context(), path, fill)
			}
			if err != nil {
				return err
			}
			if aside != "" {
				fmt.Fprintf(a.out, "set aside  %s\n", aside)
			}
			fmt.Fprintf(a.out, "restored   %s\n", path)
			return nil
		},
	}
	cmd.Flags().BoolVar(&setAside, "set-aside", false, "give the store that is there another name")
	return cmd
}

func restoreInto(ctx context.Context, path string, fill func(*store.Tx) error) error {
	s, err := bolt.Open(path)
	if errors.Is(err, store.ErrDamaged) {
		return withHint(err, "with --set-aside, the store that is there stays beside the new one")
	}
	if err != nil {
		return err
	}
	err = s.Update(ctx, func(tx *store.Tx) error {
		if n := store.Databases.Len(tx); n > 0 {
			return withHint(fmt.Errorf("%s: has %d databases", path, n), "with --set-aside, the store that is there stays beside the new one")
		}
		return fill(tx)
	})
	return errors.Join(err, s.Close())
}
