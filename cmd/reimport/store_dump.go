package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

const dumpHead = `A store, as reimport store dump found it; reimport store restore and reimport serve --seed take it.
It has the hashes of the users' passwords, so keep it as you keep those.
It has no other credentials: import sources are without user and query, databases without their passwords, and attached ones
without that of their Redis, which reimport serve --attach can give again.
`

const salvageHead = `The store was damaged: what could not be read is missing.
`

func newStoreDumpCommand(a *app, file func() string) *cobra.Command {
	var to string
	var salvage bool
	cmd := &cobra.Command{
		Use:   "dump",
		Short: "Write a store as a seed file",
		Long: `Write the databases, modules and users of a store as a seed file, to standard output or to a new file for its user alone.

The hashes of the users' passwords are in it. Credentials of import sources, of sources to sync from, of databases and of the
Redises that they are attached to are not.
An import that was under way is in it as failed, as a server finds it that starts again. Nothing is written to the store.

A damaged store is exit code 14 and no dump; with --salvage, a dump of what can be read and the same exit code.`,
		Example: `  reimport store dump --data-dir /var/lib/reimport -f reimport.yaml
  reimport store dump --salvage -f salvaged.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := inspect(file())
			if err != nil {
				return err
			}
			damaged, head := found.Err(), dumpHead
			if damaged != nil {
				if !salvage {
					return withHint(damaged, "with --salvage, the dump has what can be read")
				}
				head += salvageHead
				for _, problem := range found.Problems {
					fmt.Fprintln(a.errOut, "damaged:", printable(problem.Error()))
				}
			}
			dumped, notes := node.DumpOf(found.Records.View())
			for _, note := range notes {
				fmt.Fprintln(a.errOut, "note:", printable(note))
			}
			endImports(dumped)
			var text bytes.Buffer
			if err := errors.Join(seed.Write(&text, head, dumped), a.writeDump(to, text.Bytes())); err != nil {
				return err
			}
			return damaged
		},
	}
	cmd.Flags().StringVarP(&to, "file", "f", "", "new `file` to write to (default standard output)")
	cmd.Flags().BoolVar(&salvage, "salvage", false, "dump what can be read of a damaged store")
	return cmd
}

// endImports ends what no server runs any more. An import that nobody owned stays as it is.
func endImports(s *seed.Seed) {
	for _, db := range s.Databases {
		_ = db.FailImport(db.Import.Run.ID, database.GeneralError)
	}
}

// writeDump leaves no part of a file.
func (a *app) writeDump(path string, text []byte) error {
	if path == "" {
		_, err := a.out.Write(text)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the file that the operator names
	if err != nil {
		return usageError(fmt.Errorf("--file: %w", err))
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path)
	}
	return err
}
