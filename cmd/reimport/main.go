// Command reimport runs a reimport server, and talks to one or to a Redis Software cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endSignals()...)
	// Whoever asks a second time does not wait for an orderly end.
	context.AfterFunc(ctx, stop)
	a := &app{in: os.Stdin, out: os.Stdout, errOut: os.Stderr, lookup: os.LookupEnv}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// endSignals are those that end a command in order: also when its terminal is closed, unless nohup has started it.
func endSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// run is main without the process: it returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.asJSON = wantsJSON(args)
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	if !a.started {
		err = withHint(usageError(err), "see "+cmd.CommandPath()+" --help")
	}
	return a.report(err)
}
