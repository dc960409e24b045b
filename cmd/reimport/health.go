package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reimport/reimport/client"
)

// health is what the verb of that name is asked.
type health struct {
	*app
	readyFile string
	wait      span
	flags     *pflag.FlagSet
}

func newHealthCommand(a *app) *cobra.Command {
	h := &health{app: a, wait: span{orZero: true}}
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a reimport server whether it is up",
		Long: `Ask a reimport server whether it is up: whether its /healthz answers 200, which a Redis Software cluster does not have.
No credentials are needed, and none are sent. A server that is about to end, or that cannot write changes, is exit code 8,
and one that does not answer is exit code 10.

With --ready-file it asks the server that has written that file, and trusts its CA. With --wait it asks until the server
is up; the file, and that of --ca-cert, need not be there yet.`,
		Example: `  reimport health
  reimport health --wait 30s`,
		Args: noMore,
		RunE: func(cmd *cobra.Command, _ []string) error { return h.ask(cmd.Context()) },
	}
	h.flags = cmd.Flags()
	a.connection.registerServer(cmd, h.flags)
	h.flags.StringVar(&h.readyFile, "ready-file", "", "`file` in which reimport serve says where it is (REIMPORT_READY_FILE)")
	h.flags.Var(&h.wait, "wait", "`time` to wait for the server to be up, 0 for not at all")
	cmd.MarkFlagsMutuallyExclusive("ready-file", "url")
	return cmd
}

// ask asks once, or again and again until the server is up or the time is over.
func (h *health) ask(ctx context.Context) error {
	if h.wait.Duration == 0 {
		return h.askOnce(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, h.wait.Duration)
	defer cancel()
	var last error
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		err := h.askOnce(limited)
		wrong := errors.Is(err, errConfig) && !errors.Is(err, fs.ErrNotExist)
		if err == nil || wrong || ctx.Err() != nil {
			return err
		}
		if last == nil || limited.Err() == nil { // else it says no more than that
			last = err
		}
		select {
		case <-time.After(pause):
		case <-limited.Done():
			err = &marked{fmt.Errorf("not up within %s: %w", h.wait.Duration, last), context.DeadlineExceeded}
			return withHint(err, "the log of the server says more; --wait sets how long to wait")
		}
	}
}

// askOnce asks the server of the ready file, else that of the flags or the environment.
func (h *health) askOnce(ctx context.Context) error {
	lookup, err := h.ready()
	if errors.Is(err, fs.ErrNotExist) {
		err = &marked{err, client.ErrNetwork} // no server has written it
	} else if err != nil {
		err = configError(err)
	}
	if err != nil {
		return fmt.Errorf("--ready-file: %w", err)
	}
	c, err := h.connectTo(h.flags, lookup)
	if err != nil {
		return err
	}
	if err := c.Health(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(h.out, "up %s\n", h.connection.url)
	return err
}

// ready returns the environment with what the ready file has in place of some of it.
func (h *health) ready() (lookup func(string) (string, bool), err error) {
	path := h.readyFile
	if path == "" && !h.flags.Changed("url") {
		path, _ = h.lookup(variableOf("ready-file"))
	}
	if path == "" {
		return h.lookup, nil
	}
	values, err := readReady(path)
	return func(variable string) (string, bool) {
		if value := values[variable]; value != "" {
			return value, true
		}
		return h.lookup(variable)
	}, err
}
