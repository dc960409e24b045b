package main

import (
	"bytes"
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func newControlResetCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "reset", Short: "Put the cluster back to its seed", Args: noMore,
		Long: `Make the cluster what the first start of the server made it: databases, users, modules and scripts are those of --seed and
--users, whatever the data directory held when the server started. Without a seed there are no databases. Faults are cleared,
nobody is locked out, and everybody has to log in anew. The clock and the trace stay as they are.

Requests under way are answered first. Imports under way end and leave no trace.`,
		Example: `  reimport control reset`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		if _, err := answered(c.ResetClusterWithResponse(ctx)); err != nil {
			return err
		}
		return c.did("reset")
	})
}

func newControlLoadCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "load FILE", Short: "Put another seed in the place of the cluster", Args: cobra.ExactArgs(1),
		Long: `Make the cluster what another seed file says, or standard input for -, as a reset does with the server's own. Users of the
server's users file stay as they are, so that they can log in; if the seed has no users, so do those of the server's own seed.
A Redis without a password in it, as a dump has no passwords, gets that of the same Redis in what the server holds or was started
with. A seed that is refused changes nothing; the refusal names line and field. The next reset goes back to the server's own seed.`,
		Example: `  reimport control load examples/demo.yaml
  reimport control dump | reimport control load -`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		text, err := c.readFile(c.args[0])
		if err != nil {
			return usageError(err)
		}
		if _, err := answered(c.LoadStateWithBodyWithResponse(ctx, "application/yaml", bytes.NewReader(text))); err != nil {
			return err
		}
		return c.did("loaded")
	})
}

func (a *app) readFile(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(a.in)
	}
	return os.ReadFile(path) //nolint:gosec // the file that the user names
}

func newControlDumpCommand(a *app) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "dump", Short: "Write the state of the cluster as a seed file", Args: noMore,
		Long: `Write the databases, modules, users and scripts as they are as a seed file, to standard output or to a new file for its user
alone. It is YAML whatever --output says.

The hashes of the users' passwords are in it. Passwords of databases, of the Redises that they are attached to, and credentials
of import sources are not. An import under way is in it as it shows; where the file is loaded, it belongs to nobody and never
ends. One into a Redis is in it as failed.`,
		Example: `  reimport control dump
  reimport control dump -f state.yaml && cat state.yaml`,
	}
	cmd.Flags().StringVarP(&to, "file", "f", "", "new `file` to write to (default standard output)")
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		dumped, err := answered(c.DumpStateWithResponse(ctx))
		if err != nil {
			return err
		}
		return c.writeDump(to, dumped.Body)
	})
}

func newControlHealthCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "health", Short: "Say where the API of the cluster is", Args: noMore,
		Long:    "Say where the API of the cluster is, and which file has the CA to trust it by, if the server has made its certificate.",
		Example: `  reimport control health -q url`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		health, err := result(c.GetHealthWithResponse(ctx))
		if err != nil {
			return err
		}
		return c.print(health, "url", "ca")
	})
}
