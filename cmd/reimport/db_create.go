package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

func newDBCreateCommand(a *app) *cobra.Command {
	var s settings
	var noWait bool
	w := newWaiting()
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a database",
		Long: `Create a database, wait until it can be used, and print it. It needs a name and a memory limit; what is left out takes
the server's default.

Settings come from a file (-f), from --set, and from --name and --memory-size; the later of these beat the earlier. They
travel as they are given: which there are and what they may be is the server's to say.

A database is pending until there is a Redis for it. Exit code 16 says that there will be none: its status is
creation-failed, and the server's log says why. Giving up, by time or by Ctrl-C, does not end the creation.`,
		Example: `  reimport db create --name sessions --memory-size 1GiB
  reimport db create --name carts --memory-size 1GiB --no-wait -q uid
  reimport db create -f sessions.yaml --set port=12000 --dry-run`,
		Args: noMore,
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "print the database as soon as the server has accepted it")
	w.register(cmd)
	return a.verb(cmd, func(ctx context.Context, c call) error {
		object, err := s.object(c.in)
		if err != nil {
			return err
		}
		db, err := c.client.CreateDatabaseJSON(ctx, object, s.options()...)
		if err != nil {
			return err
		}
		if db.Status == api.BDBStatusPending && !noWait && !s.dryRun {
			return w.created(ctx, c, db.UID)
		}
		return c.print(db, databaseColumns()...)
	})
}

// created prints a new database once its creation has ended. One that failed is an outcome like a success; a wait that was
// given up has none.
func (w *waiting) created(ctx context.Context, c call, uid int) error {
	limited, cancel := context.WithTimeout(ctx, w.timeout.Duration)
	defer cancel()
	db, err := c.client.WaitCreated(limited, uid, w.interval.Duration)
	if err == nil || errors.Is(err, client.ErrCreationFailed) {
		return errors.Join(c.print(db, databaseColumns()...), err)
	}
	return w.givenUp(ctx, limited, err, fmt.Sprintf("the creation of database %d", uid),
		fmt.Sprintf("the creation goes on: reimport db get %d shows its status; --wait-timeout sets how long to wait", uid))
}
