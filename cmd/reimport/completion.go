package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
)

// completeUIDs offers the uids of the server's databases with their names. A shell at a prompt has neither patience nor a
// place for errors, so there is a short time and no word on failure.
func (a *app) completeUIDs(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if a.connection.passwordStdin {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := a.connect(cmd.Flags(), client.WithRetryNotice(func(error, time.Duration) {}))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
	defer cancel()
	dbs, err := c.ListDatabases(ctx, "uid", "name")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	uids := make([]cobra.Completion, len(dbs))
	for i, db := range dbs {
		uids[i] = cobra.CompletionWithDesc(fmt.Sprint(db.UID), printable(db.Name))
	}
	return uids, cobra.ShellCompDirectiveNoFileComp
}
