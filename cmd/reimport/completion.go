package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
)

func newCompletionCommand() *cobra.Command {
	scripts := map[string]func(*cobra.Command, io.Writer) error{
		"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
		"zsh":        (*cobra.Command).GenZshCompletion,
	}
	return &cobra.Command{
		Use:   "completion bash|fish|powershell|zsh",
		Short: "Print the script with which a shell completes reimport",
		Long: `Print the script with which a shell completes commands, flags, and the uids of databases and modules with their names.
For these it asks the server, so REDIS_ENTERPRISE_URL and its like have to be set in that shell. Of a name that was
begun, bash and zsh are told the uid.

The first line of the examples is for ~/.bashrc, and needs the package bash-completion; the second for ~/.zshrc, behind
compinit; the third for ~/.config/fish/config.fish; the last for the profile of PowerShell.`,
		Example: `  source <(reimport completion bash)
  source <(reimport completion zsh)
  reimport completion fish | source
  reimport completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: []string{"bash", "fish", "powershell", "zsh"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return scripts[args[0]](cmd.Root(), cmd.OutOrStdout())
		},
	}
}

// named is something that the command line knows by its uid, and people by its name.
type named struct{ uid, name string }

// completeUIDs offers the uids of the server's databases with their names.
func (a *app) completeUIDs(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return a.complete(cmd, begun, func(ctx context.Context, c *client.Client) (all []named, err error) {
		dbs, err := c.ListDatabases(ctx, "uid", "name")
		for _, db := range dbs {
			all = append(all, named{fmt.Sprint(db.UID), db.Name})
		}
		return all, err
	})
}

// completeModules offers the uids of the server's modules with their names.
func (a *app) completeModules(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.complete(cmd, begun, func(ctx context.Context, c *client.Client) (all []named, err error) {
		modules, err := c.ListModules(ctx)
		for _, m := range modules {
			all = append(all, named{m.UID, m.Name})
		}
		return all, err
	})
}

// completionTime is how long a completion may take.
const completionTime = 2 * time.Second

// complete asks the server. A shell at a prompt has neither patience nor a place for errors, so there is a short time and
// no word on failure.
func (a *app) complete(cmd *cobra.Command, begun string, list func(context.Context, *client.Client) ([]named, error)) ([]cobra.Completion, cobra.ShellCompDirective) {
	if a.connection.passwordStdin {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := a.connect(cmd.Flags(), client.WithRetryNotice(func(error, time.Duration) {}))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	all, err := list(ctx, c)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return offer(all, begun), cobra.ShellCompDirectiveNoFileComp
}

// offer returns the uids that go on from what was typed. Shells drop what does not begin with it, so that a uid cannot be
// put in the place of a name: where a name was begun, a line below the prompt tells its uid.
func offer(all []named, begun string) (offered []cobra.Completion) {
	for _, n := range all {
		if strings.HasPrefix(n.uid, begun) {
			offered = append(offered, cobra.CompletionWithDesc(n.uid, printable(n.name)))
		}
	}
	if len(offered) > 0 {
		return offered
	}
	for _, n := range all {
		if strings.HasPrefix(n.name, begun) {
			offered = cobra.AppendActiveHelp(offered, printable(n.uid+" is the uid of "+n.name))
		}
	}
	return offered
}
