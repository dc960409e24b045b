package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
)

// waiting is how long and how closely to follow an import. An end of the wait is an end of this command, not of the
// import, which the server owns.
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
	if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		err = &marked{fmt.Errorf("the import into database %d has not ended within %s", uid, w.timeout.Duration), context.DeadlineExceeded}
	}
	if limited.Err() != nil {
		err = withHint(err, fmt.Sprintf("the import goes on, and reimport import wait %d goes on waiting; --wait-timeout sets how long", uid))
	}
	return err
}

// progress says how far an import is: on one line that is written again on a terminal, else on a line for each change.
type progress struct {
	app      *app
	uid      int
	terminal bool
	width    int // of the line that stands on the terminal
}

func (a *app) newProgress(uid int) *progress {
	return &progress{app: a, uid: uid, terminal: !a.asJSON && isTerminal(a.errOut)}
}

func (p *progress) show(state client.ImportState) {
	if p.app.asJSON {
		p.app.sayJSON(map[string]importView{"progress": {p.uid, state}})
		return
	}
	line := fmt.Sprintf("database %d: %s", p.uid, printable(string(state.Status)))
	if state.Running() {
		line += fmt.Sprintf(" %.0f%%", state.Progress)
	}
	if !p.terminal {
		fmt.Fprintln(p.app.errOut, line)
		return
	}
	// Blanks cover the rest of a longer line, with no need for the terminal's own codes.
	fmt.Fprintf(p.app.errOut, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

func (p *progress) end() {
	if p.width > 0 {
		fmt.Fprintln(p.app.errOut)
	}
}

// noticeRetry tells who waits that it is the database that is busy, and not this command that hangs.
func (a *app) noticeRetry(err error, pause time.Duration) {
	if a.asJSON {
		return
	}
	fmt.Fprintf(a.errOut, "%s, trying again in %s\n", printable(err.Error()), pause.Round(100*time.Millisecond))
}
