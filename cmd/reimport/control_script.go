package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/seed"
)

func newControlScriptCommand(a *app) *cobra.Command {
	return group("script", "Say how the next imports of a database go",
		newControlScriptSetCommand(a), newControlScriptGetCommand(a), newControlScriptClearCommand(a))
}

func newControlScriptSetCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "set UID SCRIPT...", Short: "Set the scripts of the next imports of a database",
		Long: `Set the scripts of the next imports of a database, in the place of those that are left over. Each import takes the first one.
An import under way keeps its own.

A SCRIPT is a list of these, with commas between:

  outcome=REASON  how the import ends: succeeded, or a failure reason of the API such as file-corrupted; as its files say
                  without one
  pace=PACE       how it proceeds: immediate (the default), timed, polled or frozen
  duration=TIME   how long a timed import takes by the clock of the cluster, such as 30s
  steps=NUMBER    the number of the GET of the database that shows the end of a polled import
  at=PERCENT      the progress at which a frozen import stands still until it is released, 0 for before it loads
  repeat          leave the script in place for the imports that follow`,
		Example: `  reimport control script set 4 outcome=file-corrupted outcome=succeeded,pace=polled,steps=4,repeat
  reimport control script set 4 pace=timed,duration=30s`,
	}
	return a.controlDatabaseVerb(cmd, cobra.MinimumNArgs(1), func(ctx context.Context, c controlCall, uid int) error {
		scripts := make([]api.Script, len(c.args))
		for i, arg := range c.args {
			var err error
			if scripts[i], err = parseScript(arg); err != nil {
				return usageError(fmt.Errorf("argument %d: %w", i+2, err))
			}
		}
		return c.setScripts(ctx, uid, scripts)
	})
}

// parseScript reads what a script is on the command line. The server judges what it says.
func parseScript(text string) (s api.Script, err error) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, hasValue := strings.Cut(part, "=")
		switch {
		case name == "outcome" && value != "":
			s.Outcome = value
		case name == "pace" && value != "":
			s.Pace = value
		case name == "duration" && value != "":
			s.Duration = value
		case name == "steps":
			s.Steps, err = strconv.Atoi(value)
		case name == "at":
			s.At, err = strconv.ParseFloat(value, 64)
		case name == "repeat" && !hasValue:
			s.Repeat = true
		default:
			err = errors.New("unknown")
		}
		if err != nil {
			return s, fmt.Errorf("expected outcome=REASON, pace=PACE, duration=TIME, steps=NUMBER, at=PERCENT or repeat, not %q", part)
		}
	}
	return s, nil
}

func newControlScriptGetCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "get UID", Short: "Show the scripts of the next imports of a database",
		Long:    "Show the scripts of the next imports of a database, in their order.",
		Example: `  reimport control script get 4`,
	}
	return a.controlDatabaseVerb(cmd, noMore, func(ctx context.Context, c controlCall, uid int) error {
		return c.showScripts(result(c.GetScriptsWithResponse(ctx, uid)))
	})
}

func newControlScriptClearCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "clear UID", Short: "Have the next imports of a database go as their files say",
		Long:    "Take the scripts of the next imports of a database away, so that they go as their files say.",
		Example: `  reimport control script clear 4`,
	}
	return a.controlDatabaseVerb(cmd, noMore, func(ctx context.Context, c controlCall, uid int) error {
		return c.setScripts(ctx, uid, []api.Script{})
	})
}

func newControlReleaseCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "release UID", Short: "Let the frozen import of a database go on",
		Long: `Let the import of a database whose script is frozen go on to its end. The next request finds it there. If there is none, the
exit code is 7.`,
		Example: `  reimport control script set 1 pace=frozen,at=40
  reimport import start 1 /mnt/backups/sessions.rdb
  reimport control release 1
  reimport import wait 1`,
	}
	return a.controlDatabaseVerb(cmd, noMore, func(ctx context.Context, c controlCall, uid int) error {
		if _, err := answered(c.ReleaseImportWithResponse(ctx, uid)); err != nil {
			return err
		}
		return c.confirm(uid, "released")
	})
}

// controlDatabaseVerb makes a command whose first argument is the uid of a database.
func (a *app) controlDatabaseVerb(cmd *cobra.Command, more cobra.PositionalArgs, do func(context.Context, controlCall, int) error) *cobra.Command {
	cmd.Args, cmd.ValidArgsFunction = databaseArgs(more), a.completeEmulated
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		uid, err := parseUID(c.args[0])
		if err != nil {
			return usageError(err)
		}
		c.args = c.args[1:]
		return do(ctx, c, uid)
	})
}

// completeEmulated offers the uids of the databases of the cluster with their names.
func (a *app) completeEmulated(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.controls.timeout.Duration = completionTime
	c, err := a.dialControls(cmd.Flags())
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dump, err := answered(c.DumpStateWithResponse(cmd.Context()))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	state, err := seed.Parse("state", dump.Body)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all := make([]named, len(state.Databases))
	for i, db := range state.Databases {
		all[i] = named{strconv.Itoa(db.UID), db.Name}
	}
	return offer(all, begun), cobra.ShellCompDirectiveNoFileComp
}

func (c controlCall) setScripts(ctx context.Context, uid int, scripts []api.Script) error {
	return c.showScripts(result(c.SetScriptsWithResponse(ctx, uid, api.Scripts{ImportScripts: scripts})))
}

func (c controlCall) showScripts(s *api.Scripts, err error) error {
	if err != nil {
		return err
	}
	return c.print(s.ImportScripts, "outcome", "pace", "duration", "steps", "at", "repeat")
}
