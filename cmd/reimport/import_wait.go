package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
)

// waiting is how long and how closely to follow what the server does. An end of the wait is an end of this command, not of
// what the server is at.
type waiting struct{ timeout, interval span }

func newWaiting() *waiting {
	return &waiting{timeout: span{Duration: 5 * time.Minute}, interval: span{Duration: 5 * time.Second}}
}

func (w *waiting) register(cmd *cobra.Command) {
	cmd.Flags().Var(&w.timeout, "wait-timeout", "longest `time` to wait, in seconds or as 5m")
	cmd.Flags().Var(&w.interval, "wait-interval", "`time` between two looks, in seconds or as 5s")
}

func newImportWaitCommand(a *app) *cobra.Command {
	w := newWaiting()
	cmd := &cobra.Command{
		Use:   "wait UID",
		Short: "Wait for the end of a database's import",
		Long: `Wait for the end of a database's import, and print how it ended. An import that has ended already counts. Exit code 13
says that it failed. Giving up, by time or by Ctrl-C, does not end the import.`,
		Example: `  reimport import wait 1
  reimport import wait 1 --wait-timeout 1h --wait-interval 30s`,
	}
	w.register(cmd)
	return a.databaseVerb(cmd, noMore, func(ctx context.Context, c call, uid int) error {
		return w.follow(ctx, c, uid)
	})
}

// follow shows progress on standard error, and the outcome on standard output. A failed import is an outcome like a
// success; a wait that was given up has none.
func (w *waiting) follow(ctx context.Context, c call, uid int) error {
	limited, cancel := context.WithTimeout(ctx, w.timeout.Duration)
	defer cancel()
	p := c.newProgress(uid)
	state, err := c.client.WaitImport(limited, uid, w.interval.Duration, p.show)
	p.end()
	if err == nil || errors.Is(err, client.ErrImportFailed) {
		return errors.Join(c.printImport(uid, state), err)
	}
	return w.givenUp(ctx, limited, err, fmt.Sprintf("the import into database %d", uid),
		fmt.Sprintf("the import goes on, and reimport import wait %d goes on waiting; --wait-timeout sets how long", uid))
}

// givenUp says of a wait without an outcome that its time was up, if it was, and how to go on.
func (w *waiting) givenUp(ctx, limited context.Context, err error, what, hint string) error {
	if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		err = &marked{fmt.Errorf("%s has not ended within %s", what, w.timeout.Duration), context.DeadlineExceeded}
	}
	if limited.Err() != nil {
		err = withHint(err, hint)
	}
	return err
}

// noticeRetry tells who waits that it is the database that is busy, and not this command that hangs.
func (a *app) noticeRetry(err error, pause time.Duration) {
	if a.asJSON {
		return
	}
	fmt.Fprintf(a.errOut, "%s, trying again in %s\n", printable(err.Error()), pause.Round(100*time.Millisecond))
}
