package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/control/api"
)

func newControlFaultCommand(a *app) *cobra.Command {
	return group("fault", "Have requests to the API fail", newControlFaultPutCommand(a), newControlFaultListCommand(a), newControlFaultClearCommand(a))
}

func faultColumns() []string {
	return []string{"name", "operation", "uid", "first", "every", "share", "status", "code", "delay", "close", "seen", "struck"}
}

func newControlFaultPutCommand(a *app) *cobra.Command {
	s := new(api.FaultSettings)
	var delay span
	closing := oneOf{words: []string{"before", "after", "body"}}
	cmd := &cobra.Command{
		Use: "put NAME", Short: "Put a fault", Args: cobra.ExactArgs(1),
		Long: `Put a fault behind the others, in the place of one with its name. It strikes the requests for --operation: the --first ones,
or each whose number is a multiple of --every, or a --share of them, at random but the same for the same --seed; all, without
any of these. Each gets --status and --code, which have to be documented for the operation, or its TCP connection is closed:
before the server looks at it, after the change is done and before the answer, or within the body of the answer. With --delay
it waits first.

At most one fault strikes a request, the first that was put; those behind it do not count that request.`,
		Example: `  reimport control fault put busy --operation resetBDBImportStatus --uid 1 --first 2 --status 409
  reimport control fault put lost --operation startBDBImport --every 3 --close after`,
	}
	registerFault(cmd, s, &delay, &closing)
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		if zero := zeroOf(cmd.Flags(), "uid", "first", "every", "share", "status"); zero != "" {
			return usageError(fmt.Errorf("--%s: expected a number above 0", zero))
		}
		if delay.Duration > 0 {
			s.Delay = delay.Duration.String()
		}
		s.Close = closing.value
		fault, err := result(c.PutFaultWithResponse(ctx, c.args[0], *s))
		if err != nil {
			return err
		}
		return c.print(fault, faultColumns()...)
	})
}

func registerFault(cmd *cobra.Command, s *api.FaultSettings, delay *span, closing *oneOf) {
	f := cmd.Flags()
	f.StringVar(&s.Operation, "operation", "", "`operationId` of the API's contract, such as getBDB")
	f.IntVar(&s.UID, "uid", 0, "`uid` of the database that the requests are for (default any)")
	f.IntVar(&s.First, "first", 0, "`number` of requests to strike, from the first on")
	f.IntVar(&s.Every, "every", 0, "`number` whose multiples to strike")
	f.Float64Var(&s.Share, "share", 0, "`share` of the requests to strike, 0 to 1")
	f.Int64Var(&s.Seed, "seed", 0, "`number` that decides which requests are in the share")
	f.IntVar(&s.Status, "status", 0, "`status` of the answer")
	f.StringVar(&s.Code, "code", "", "`code` of the answer (default that of the status)")
	f.StringVar(&s.Description, "description", "", "`text` of the answer (default that of the contract)")
	f.Var(delay, "delay", "`time` that a request waits first")
	f.Var(closing, "close", "`when` to close the connection: before, after or body")
	_ = cmd.MarkFlagRequired("operation") // which is there
	// A name that is not registered is the only error.
	_ = cmd.RegisterFlagCompletionFunc("close", cobra.FixedCompletions(closing.words, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("operation", completeOperations)
}

// zeroOf returns the first of these flags that was given as 0, which would say the same as leaving it out.
func zeroOf(flags *pflag.FlagSet, names ...string) string {
	for _, name := range names {
		if f := flags.Lookup(name); f.Changed && f.Value.String() == "0" {
			return name
		}
	}
	return ""
}

func newControlFaultListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the faults", Args: noMore,
		Long:    "List the faults in the order in which they were put, and how many requests each has seen and struck.",
		Example: `  reimport control fault list -o table`,
	}
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) error {
		all, err := result(c.ListFaultsWithResponse(ctx))
		if err != nil {
			return err
		}
		return c.print(all, faultColumns()...)
	})
}

func newControlFaultClearCommand(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "clear NAME | --all", Short: "Take a fault away, or all", ValidArgsFunction: a.completeFaults,
		Long: "Take a fault away, or all of them. Requests that it delays go on at once.",
		Example: `  reimport control fault put slow --operation listBDBs --delay 2s
  reimport control fault clear slow
  reimport control fault clear --all`,
		Args: func(_ *cobra.Command, args []string) error {
			if all == (len(args) == 1) || len(args) > 1 {
				return errors.New("expected the name of a fault, or --all")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "take all faults away")
	return a.controlVerb(cmd, func(ctx context.Context, c controlCall) (err error) {
		if all {
			_, err = answered(c.ClearFaultsWithResponse(ctx))
		} else {
			_, err = answered(c.ClearFaultWithResponse(ctx, c.args[0]))
		}
		if err != nil {
			return err
		}
		return c.did("cleared")
	})
}

// completeOperations offers the operations of the API.
func completeOperations(_ *cobra.Command, _ []string, begun string) (offered []cobra.Completion, _ cobra.ShellCompDirective) {
	c, err := contract.Load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, op := range c.Operations {
		if strings.HasPrefix(op.ID, begun) {
			offered = append(offered, cobra.CompletionWithDesc(op.ID, op.Spec.Summary))
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}

// completeFaults offers the names of the faults that there are.
func (a *app) completeFaults(cmd *cobra.Command, args []string, begun string) (offered []cobra.Completion, _ cobra.ShellCompDirective) {
	a.controls.timeout.Duration = completionTime
	c, err := a.dialControls(cmd.Flags())
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := result(c.ListFaultsWithResponse(cmd.Context()))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, f := range *all {
		if strings.HasPrefix(f.Name, begun) {
			offered = append(offered, cobra.CompletionWithDesc(printable(f.Name), f.Operation))
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}
