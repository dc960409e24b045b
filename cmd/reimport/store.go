package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/internal/store/bolt"
)

// newStoreCommand groups what is done to the store of a server that does not run.
func newStoreCommand(a *app) *cobra.Command {
	var dataDir func() string
	file := func() string { return node.StoreIn(dataDir()) }
	cmd := group("store", "Check, dump and restore the store of a server that does not run",
		newStoreCheckCommand(a, file), newStoreDumpCommand(a, file), newStoreRestoreCommand(a, file))
	dataDir = a.dataDir(cmd.PersistentFlags())
	return cmd
}

// dataDir registers --data-dir and returns what gives its value, or that of the environment.
func (a *app) dataDir(flags *pflag.FlagSet) func() string {
	given := flags.String("data-dir", node.Defaults().DataDir, "the server's data `directory`; REIMPORT_DATA_DIR in the environment")
	return func() string {
		if dir, ok := a.lookup(variableOf("data-dir")); ok && !flags.Changed("data-dir") {
			return dir
		}
		return *given
	}
}

func newStoreCheckCommand(a *app, file func() string) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check a store",
		Long: `Read all that is in a store, hold it against its checksums, and list what it holds and what is damaged. Nothing is written.
A damaged store is exit code 14.`,
		Example: `  reimport store check --data-dir /var/lib/reimport`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := file()
			found, err := inspect(path)
			if err != nil {
				return err
			}
			listContents(a.out, path, found)
			for _, problem := range found.Problems {
				fmt.Fprintf(a.out, "damaged    %s\n", printable(problem.Error()))
			}
			if found.Complete && len(found.Problems) > 0 {
				fmt.Fprintln(a.out, "complete   all records can be read")
			}
			return found.Err()
		},
	}
}

func listContents(out io.Writer, path string, found *bolt.Report) {
	tx := found.Records.View()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range []struct {
		name  string
		value any
	}{
		{"store", path}, {"schema", found.Schema}, {"revision", tx.Revision()},
		{"databases", store.Databases.Len(tx)}, {"users", store.Users.Len(tx)}, {"modules", store.Modules.Len(tx)},
	} {
		fmt.Fprintf(w, "%s\t%v\n", line.name, line.value)
	}
	_ = w.Flush() // as the errors of Fprintf
}

// inspect is bolt.Inspect with hints.
func inspect(path string) (*bolt.Report, error) {
	found, err := bolt.Inspect(path)
	switch {
	case errors.Is(err, store.ErrLocked):
		err = withHint(err, "end the server first: it has read the store when it started, and writes what it changes")
	case errors.Is(err, os.ErrNotExist) && !errors.Is(err, store.ErrDamaged):
		err = withHint(err, "--data-dir must be the server's")
	}
	return found, err
}
