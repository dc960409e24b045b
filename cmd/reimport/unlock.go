package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/server"
)

func newUnlockCommand(a *app) *cobra.Command {
	var dataDir func() string
	cmd := &cobra.Command{
		Use:   "unlock [EMAIL]",
		Short: "End a lock-out",
		Long: `Let a name log in again that a server on this machine has locked out after too many wrong passwords, or list the names
that are locked out. The server may run or not; its data directory must be the one given.

Anybody who reaches the server can lock a name out. Clients that have logged in under it before keep working, from the
same addresses; others wait until the time is over or the name is unlocked. A name that is not locked out is exit code 5.`,
		Example: `  reimport unlock
  reimport unlock admin@example.com --data-dir /var/lib/reimport`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			lockouts := node.LockoutsIn(dataDir())
			if len(args) == 0 {
				return a.listLockouts(lockouts)
			}
			return unlock(a.out, lockouts, args[0])
		},
	}
	dataDir = a.dataDir(cmd.Flags())
	return cmd
}

func unlock(out io.Writer, lockouts server.Lockouts, email string) error {
	err := lockouts.End(email, time.Now())
	if errors.Is(err, fs.ErrNotExist) {
		err := &marked{fmt.Errorf("%s is not locked out, going by %s", email, lockouts), client.ErrNotFound}
		return withHint(err, "reimport unlock lists who is; --data-dir must be the server's")
	}
	if err == nil {
		fmt.Fprintf(out, "%s may log in again\n", printable(email))
	}
	return err
}

func (a *app) listLockouts(lockouts server.Lockouts) error {
	names, err := lockouts.List(time.Now())
	if err != nil {
		return err
	}
	if len(names) == 0 {
		fmt.Fprintf(a.errOut, "no name is locked out, going by %s\n", lockouts)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, locked := range names {
		fmt.Fprintf(w, "%s\tuntil %s\n", printable(locked.Name), locked.Until.Local().Format(time.RFC3339))
	}
	return w.Flush()
}
