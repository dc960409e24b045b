package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
)

// app is what one run of the command has in hand.
type app struct {
	in          io.Reader
	out, errOut io.Writer
	lookup      func(variable string) (string, bool)
	asJSON      bool // errors and progress are JSON too
	started     bool // the arguments were in order
	connection  connection
	controls    controls
	output      output
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "reimport",
		Short: "Import RDB files into Redis Software databases, and reset what an import leaves",
		Long: `Import RDB files into the databases of a Redis Software cluster, or of a reimport server, follow the import, and put
its status back to idle.

Results go to standard output; errors, hints and progress to standard error. Exit codes: reimport help exit-codes.`,
		Example: `  export REDIS_ENTERPRISE_URL=https://cluster.example.com:9443
  export REDIS_ENTERPRISE_USER=admin@example.com REDIS_ENTERPRISE_PASSWORD=...
  reimport import start 1 /mnt/backups/sessions.rdb --wait
  reimport import reset 1`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newServeCommand(), newHealthCommand(a), newDBCommand(a), newImportCommand(a), newModuleCommand(a), newConformCommand(a), newControlCommand(a), newHashPasswordCommand(), newUnlockCommand(a), newStoreCommand(a), newVersionCommand(a),
		newCompletionCommand(), newExitCodesTopic(),
	)
	noteStart(root, a)
	return root
}

// noteStart has every command say when it begins, so that what cobra refuses before is known for wrong usage.
func noteStart(cmd *cobra.Command, a *app) {
	if do := cmd.RunE; do != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.started = true
			return do(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		noteStart(sub, a)
	}
}

// noun groups verbs that talk to a server.
func (a *app) noun(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := group(use, short, verbs...)
	a.connection.register(cmd)
	a.output.register(cmd)
	return cmd
}

// group is a command that only groups its verbs.
func group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			err := errors.New("a verb is missing")
			if len(args) > 0 {
				err = fmt.Errorf("unknown verb %q", args[0])
			}
			return withHint(usageError(err), "see "+cmd.CommandPath()+" --help")
		},
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// call is a verb at work.
type call struct {
	*app
	client *client.Client
	args   []string
}

// verb makes a command that calls the server.
func (a *app) verb(cmd *cobra.Command, do func(context.Context, call) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.output.check(); err != nil {
			return err
		}
		c, err := a.connect(cmd.Flags(), client.WithRetryNotice(a.noticeRetry))
		if err != nil {
			return err
		}
		return local(do(cmd.Context(), call{app: a, client: c, args: args}))
	}
	return cmd
}

// local tells what the client refused, a mistake on the command line, from what the server did.
func local(err error) error {
	var answer *client.Error
	if errors.Is(err, client.ErrInvalid) && !errors.As(err, &answer) {
		return usageError(err)
	}
	return err
}

// databaseArgs takes the uid of a database, and more behind it.
func databaseArgs(more cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return errors.New("the uid of a database is missing")
		}
		if _, err := parseUID(args[0]); err != nil {
			return err
		}
		return more(cmd, args[1:])
	}
}

// databaseVerb makes a command whose first argument is the uid of a database.
func (a *app) databaseVerb(cmd *cobra.Command, more cobra.PositionalArgs, do func(context.Context, call, int) error) *cobra.Command {
	cmd.Args = databaseArgs(more)
	cmd.ValidArgsFunction = a.completeUIDs
	return a.verb(cmd, func(ctx context.Context, c call) error {
		uid, err := parseUID(c.args[0])
		if err != nil {
			return usageError(err)
		}
		c.args = c.args[1:]
		return do(ctx, c, uid)
	})
}
