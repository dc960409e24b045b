package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newModuleCommand(a *app) *cobra.Command {
	return a.noun("module", "Modules", newModuleListCommand(a), newModuleGetCommand(a))
}

func newModuleListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the modules of the cluster", Args: noMore,
		Example: `  reimport module list -o table
  reimport module list -q "[?contains(capabilities, 'backup_restore')].module_name"`,
	}
	return a.verb(cmd, func(ctx context.Context, c call) error {
		modules, err := c.client.ListModules(ctx)
		if err != nil {
			return err
		}
		return c.print(modules, "uid", "module_name", "semantic_version", "display_name", "is_bundled")
	})
}

func newModuleGetCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "get UID", Short: "Show a module", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeModules,
		Long:    "Show a module of the cluster and its capabilities. An import and a reset need backup_restore of every module of a database.",
		Example: `  reimport module get b14385b09778a335835ee3ae380bbc77`,
	}
	return a.verb(cmd, func(ctx context.Context, c call) error {
		module, err := c.client.GetModule(ctx, c.args[0])
		if err != nil {
			return err
		}
		return c.print(module, "uid", "module_name", "semantic_version", "display_name", "is_bundled", "capabilities")
	})
}
