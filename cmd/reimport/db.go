package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"
)

func newDBCommand(a *app) *cobra.Command {
	return a.noun("db", "Databases", newDBListCommand(a), newDBGetCommand(a), newDBCreateCommand(a), newDBUpdateCommand(a), newDBDeleteCommand(a),
		newDBAvailabilityCommand(a))
}

// databaseColumns are what a table shows of a database. Its 139 keys would not fit; JSON has them all.
func databaseColumns() []string {
	return []string{"uid", "name", "status", "endpoint", "data_plane", "memory_size", "import_status", "import_progress", "import_failure_reason"}
}

const dataPlanes = `A table's endpoint is where clients connect. data_plane is what is behind it: local, a Redis that the server has started;
attached, one that was there before; or simulated, none. Redis Software does not say: its databases are all real.`

func newDBListCommand(a *app) *cobra.Command {
	var fields []string
	cmd := &cobra.Command{Use: "list", Short: "List databases", Args: noMore,
		Long: `List databases, by ascending uid. A table has their main fields, -o json and -o yaml all of them.

` + dataPlanes,
		Example: `  reimport db list -o table
  reimport db list --fields uid,name,import_status
  reimport db list -q "[?import_status=='failed'].uid"`,
	}
	cmd.Flags().StringSliceVar(&fields, "fields", nil, "`names` of the fields to show, with commas between")
	return a.verb(cmd, func(ctx context.Context, c call) error {
		dbs, err := c.client.ListDatabases(ctx, fields...)
		if err != nil {
			return err
		}
		return c.print(dbs, columnsFor(fields)...)
	})
}

func newDBGetCommand(a *app) *cobra.Command {
	var fields []string
	cmd := &cobra.Command{Use: "get UID", Short: "Show a database",
		Long: `Show a database. A table has its main fields, -o json and -o yaml all of them.

` + dataPlanes,
		Example: `  reimport db get 1
  reimport db get 1 -o yaml --fields name,memory_size,module_list`,
	}
	cmd.Flags().StringSliceVar(&fields, "fields", nil, "`names` of the fields to show, with commas between")
	return a.databaseVerb(cmd, noMore, func(ctx context.Context, c call, uid int) error {
		db, err := c.client.GetDatabase(ctx, uid, fields...)
		if err != nil {
			return err
		}
		return c.print(db, columnsFor(fields)...)
	})
}

func columnsFor(fields []string) []string {
	if len(fields) > 0 {
		return fields
	}
	return databaseColumns()
}

func newDBDeleteCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "delete UID", Short: "Delete a database", Long: `Delete a database and what is in it, without asking back. While an import, an export or a backup of it runs, it is
refused.

The result is the status that the server answers with, delete-pending, or deleted if it says nothing. A cluster may take
a while: the database is gone when reimport db get ends with exit code 5.`,
		Example: `  reimport db delete 7`,
	}
	return a.databaseVerb(cmd, noMore, func(ctx context.Context, c call, uid int) error {
		db, err := c.client.DeleteDatabase(ctx, uid)
		if err != nil {
			return err
		}
		return c.confirm(uid, cmp.Or(string(db.Status), "deleted"))
	})
}

// confirm prints what was done.
func (a *app) confirm(uid int, result string) error {
	return a.print(struct {
		UID    int    `json:"uid"`
		Result string `json:"result"`
	}{uid, result}, "uid", "result")
}
