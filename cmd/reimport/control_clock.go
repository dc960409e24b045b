package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/control/api"
)

func newControlClockCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "clock", Short: "Show, set, freeze and advance the clock of the cluster", Args: noMore,
		Long: `Show what the domain clock shows: the time that the API shows, and that the rules decide by. What protects the server goes by
the machine's clock. The clock has the machine's time until it is set, advanced or frozen; a reset leaves it as it is.`,
		Example: `  reimport control clock
  reimport control clock -q now`,
	}
	a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		return c.showClock(result(c.GetClockWithResponse(ctx)))
	})
	cmd.AddCommand(newControlClockSetCommand(a), newControlClockAdvanceCommand(a), newControlClockFreezeCommand(a), newControlClockResumeCommand(a))
	return cmd
}

func (c controlCall) showClock(clock *api.Clock, err error) error {
	if err != nil {
		return err
	}
	return c.print(clock, "now", "frozen")
}

func newControlClockSetCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "set TIME", Short: "Set the clock", Args: cobra.ExactArgs(1),
		Long:    "Have the clock show another time, which may be earlier. It goes on from there, unless it is frozen.",
		Example: `  reimport control clock set 2027-01-01T00:00:00Z`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		return c.showClock(result(c.SetClockWithResponse(ctx, api.ClockSetting{Now: c.args[0]})))
	})
}

func newControlClockAdvanceCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "advance DURATION", Short: "Advance the clock", Args: cobra.ExactArgs(1),
		Long: `Have the clock show a later time, whether it is frozen or not. The next request finds done what had to wait for that time,
such as the progress of an import whose script is timed.`,
		Example: `  reimport control clock advance 30s`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		return c.showClock(result(c.AdvanceClockWithResponse(ctx, api.ClockAdvance{By: c.args[0]})))
	})
}

func newControlClockFreezeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "freeze", Short: "Stop the clock", Args: noMore,
		Long:    "Stop the clock where it is. It may still be set and advanced.",
		Example: `  reimport control clock freeze`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		return c.showClock(result(c.FreezeClockWithResponse(ctx)))
	})
}

func newControlClockResumeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume", Short: "Let a frozen clock go on", Args: noMore,
		Long:    "Let a frozen clock go on from where it is.",
		Example: `  reimport control clock resume`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		return c.showClock(result(c.ResumeClockWithResponse(ctx)))
	})
}
