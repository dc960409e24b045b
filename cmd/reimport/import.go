package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
)

func newImportCommand(a *app) *cobra.Command {
	return a.noun("import", "Imports of RDB files", newImportStartCommand(a), newImportStatusCommand(a), newImportWaitCommand(a), newImportResetCommand(a))
}

// importView is an import's state and whose it is.
type importView struct {
	UID int `json:"uid"`
	client.ImportState
}

func (a *app) printImport(uid int, state client.ImportState) error {
	return a.print(importView{uid, state}, "uid", "import_status", "import_progress", "import_failure_reason")
}

func newImportStatusCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status UID",
		Short: "Show how far a database's import is",
		Long: `Show how far a database's import is. import_status is empty or idle where there is none, initializing, importing,
succeeded or failed; import_progress is in percent.`,
		Example: `  reimport import status 1
  reimport import status 1 -q import_status`,
	}
	return a.databaseVerb(cmd, noMore, func(ctx context.Context, c call, uid int) error {
		state, err := c.client.ImportStatus(ctx, uid)
		if err != nil {
			return err
		}
		return c.printImport(uid, state)
	})
}

func newImportResetCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset UID",
		Short: "Put a database's import status back to idle",
		Long: `Put a database's import status back to idle, whether its import succeeded or failed. Doing so again is no error.
While an import, an export or a backup runs, it is asked for again for as long as --retry says, and then refused: exit
code 7. A database with a module that lacks the capability backup_restore is refused at once: exit code 6.`,
		Example: `  reimport import reset 1
  reimport import reset 1 --retry 5m
  reimport import reset 1 --retry 0`,
	}
	return a.databaseVerb(cmd, noMore, func(ctx context.Context, c call, uid int) error {
		if err := c.client.ResetImportStatus(ctx, uid); err != nil {
			return err
		}
		return c.confirm(uid, "import status reset")
	})
}
