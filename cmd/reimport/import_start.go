package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

func newImportStartCommand(a *app) *cobra.Command {
	var wait bool
	w := newWaiting()
	cmd := &cobra.Command{
		Use:   "start UID [SOURCE...]",
		Short: "Import RDB files into a database",
		Long: `Import RDB files, plain or in gzip, into a database, in place of what it holds.

A SOURCE is a path on the server's disk, or an http, https, ftp, ftps or sftp URL. The dump of a sharded database has a
file for each shard: name them all. Without a SOURCE, those stored with the database are imported.`,
		Example: `  reimport import start 1 /mnt/backups/sessions.rdb --wait
  reimport import start 1 https://backups.example.com/sessions.rdb.gz
  reimport import start 1 /mnt/backups/shard-1.rdb /mnt/backups/shard-2.rdb`,
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for the end of the import, as reimport import wait does")
	w.register(cmd)
	return a.databaseVerb(cmd, cobra.ArbitraryArgs, func(ctx context.Context, c call, uid int) error {
		sources, err := parseSources(c.args)
		if err != nil {
			return err
		}
		if err := c.client.StartImport(ctx, uid, sources...); err != nil {
			return err
		}
		if !wait {
			return c.confirm(uid, "import accepted")
		}
		return w.follow(ctx, c, uid)
	})
}

func parseSources(args []string) ([]api.ImportSource, error) {
	sources := make([]api.ImportSource, len(args))
	for i, arg := range args {
		if arg != "" && !strings.Contains(arg, "://") {
			absolute, err := filepath.Abs(arg)
			if err != nil {
				return nil, err
			}
			arg = absolute
		}
		source, err := client.ParseSource(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+2, err)
		}
		sources[i] = source
	}
	return sources, nil
}
