package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/control/api"
)

// mostExchanges is how many exchanges a server keeps.
const mostExchanges = 1000

func newControlTraceCommand(a *app) *cobra.Command {
	var last, since int
	var follow bool
	cmd := &cobra.Command{
		Use: "trace", Short: "Show the newest requests to the API, and their answers", Args: noMore,
		Long: `Show the newest requests to the API and what became of them, the oldest first. Those that a fault has struck are among them, and
so are those whose connection was closed. Secrets in them are masked. A server has the last 1000.

With --follow it goes on with those that come, until it is interrupted: a line of JSON for each, or of a table.`,
		Example: `  reimport control trace --last 20 -o table
  reimport control trace -q '[?status>=` + "`400`" + `].path'`,
	}
	f := cmd.Flags()
	f.IntVar(&last, "last", 100, "`number` of exchanges to show at most")
	f.IntVar(&since, "since", 0, "`number` of the exchange after which to begin")
	f.BoolVar(&follow, "follow", false, "go on with the exchanges that come")
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		if follow && (a.output.format.value == "yaml" || a.output.query.path != nil) {
			return usageError(errors.New("--follow: expected -o json or -o table, and no --query"))
		}
		found, err := result(c.GetTraceWithResponse(ctx, &api.GetTraceParams{Last: &last, Since: &since}))
		switch {
		case err != nil:
			return err
		case follow:
			return c.follow(ctx, *found, since)
		}
		return c.print(found, "number", "time", "method", "path", "status", "fault", "end", "took")
	})
}

// follow prints exchanges and those that come after them.
func (c controlCall) follow(ctx context.Context, exchanges []api.Exchange, since int) error {
	wait := min(15, max(1, int(c.controls.timeout.Duration/time.Second)/2)) // less than a request may take
	for {
		for _, x := range exchanges {
			since = x.Number
			if err := c.printLine(x); err != nil {
				return err
			}
		}
		found, err := result(c.GetTraceWithResponse(ctx, &api.GetTraceParams{Last: new(mostExchanges), Since: &since, Wait: &wait}))
		if ctx.Err() != nil { // which is how this ends
			return nil
		}
		if err != nil {
			return err
		}
		exchanges = *found
	}
}

func (c controlCall) printLine(x api.Exchange) error {
	if !c.showsTable() {
		line, err := marshal(x)
		if err == nil {
			_, err = c.out.Write(line)
		}
		return err
	}
	_, err := fmt.Fprintf(c.out, "%-6d %s  %-6s %s  %d  %s %s %s\n",
		x.Number, x.Time.Format(time.RFC3339), printable(x.Method), printable(x.Path), x.Status, x.End, x.Took, printable(x.Fault))
	return err
}
