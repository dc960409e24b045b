package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
)

func newDBAvailabilityCommand(a *app) *cobra.Command {
	var local, lag bool
	var tolerance time.Duration
	cmd := &cobra.Command{
		Use:   "availability UID",
		Short: "Check whether clients can use a database",
		Long: `Check whether clients can use a database: exit code 0 if they can, and 17 if not.

With --lag the database must have caught up with the others of its Active-Active database, too; one that is in none is not
available then. --lag-tolerance does the same with another tolerance than the cluster's.`,
		Example: `  reimport db availability 1
  reimport db availability 1 --local`,
	}
	f := cmd.Flags()
	f.BoolVar(&local, "local", false, "check the endpoint of the node that answers, and not the database as a whole")
	f.BoolVar(&lag, "lag", false, "check the lag of an Active-Active database, too")
	f.DurationVar(&tolerance, "lag-tolerance", 0, "--lag with this `time` as the tolerance, in whole milliseconds")
	return a.databaseVerb(cmd, noMore, func(ctx context.Context, c call, uid int) error {
		var opts []client.AvailabilityOption
		if local {
			opts = append(opts, client.LocalEndpoint())
		}
		switch {
		case tolerance < 0 || tolerance%time.Millisecond != 0:
			return usageError(fmt.Errorf("--lag-tolerance: expected a time in whole milliseconds, not %s", tolerance))
		case f.Changed("lag-tolerance"):
			opts = append(opts, client.LagWithin(tolerance))
		case lag:
			opts = append(opts, client.WithLag())
		}
		if err := c.client.CheckAvailability(ctx, uid, opts...); err != nil {
			return err
		}
		return c.confirm(uid, "available")
	})
}
