package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

func newServeCommand() *cobra.Command {
	var cfg serveConfig
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server.

On its first start it makes, in --data-dir, a certificate with a CA of its own, whose file it names behind trust, and an
administrator with a random password, shown once: if standard output is closed or /dev/null, it refuses that start. Logs go
to standard error. SIGTERM, SIGINT and SIGHUP end it in order.

Once it answers requests, standard output ends with a line "listening URL", and --ready-file is there until it answers no
more: lines of NAME=value that a shell can read, with what the other commands take from the environment to reach it.

Every flag has a twin in the environment: --data-dir is REIMPORT_DATA_DIR. A flag beats the environment; a value that
makes no sense ends the start with exit code 2.

New databases are simulated: an import reads and checks its files wholly, and drops their keys. With --data-plane local each
gets a Redis of its own, which listens on 127.0.0.1 and keeps its data in --data-dir: an end in order saves it, and the next
start brings it back.

With --attach, a Redis that is there is a database; imports into it erase what it holds. The URL is redis://host:port,
rediss://host:port for TLS, or unix:///path, and its query may have the fields of redis in a seed: with
?password_file=/run/secrets/redis no password is on the command line.

With --controls it emulates a cluster for tests: reimport control resets it, moves its clock, has requests fail, and says how
its imports go. Their URL is in the line "controls URL" of standard output. They ask for no password, so they listen on a
loopback address or on a socket that only this user may connect to.`,
		Example: `  reimport serve
  reimport serve --seed examples/demo.yaml --data-dir .demo --mount-point "$PWD/examples"
  reimport serve --listen 127.0.0.1:0 --ready-file ready.env
  reimport serve --attach cache=redis://127.0.0.1:6379
  REIMPORT_TLS=false REIMPORT_LOG_FORMAT=json reimport serve --data-dir /var/lib/reimport`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
				return usageError(err)
			}
			if err := cfg.check(); err != nil {
				return usageError(err)
			}
			return cfg.serve(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cfg.register(cmd.Flags())
	for flag, words := range map[string][]string{
		"allow-private-addresses": {"auto", "true", "false"}, "data-plane": planes, "log-level": {"debug", "info", "warn", "error"}, "log-format": {"text", "json"},
	} {
		// A name that is not registered is the only error.
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// serve runs a node until ctx ends, and then for as long as balancers take to notice.
func (cfg *serveConfig) serve(ctx context.Context, out, errOut io.Writer) (err error) {
	node.OwnProcess(&cfg.node)
	cfg.node.Events = event.Log(cfg.logger(errOut))
	cfg.node.ShowPassword = passwordShower(out)
	if cfg.node.MemoryLimit == 0 {
		cfg.node.MemoryLimit = node.MachineMemory()
	}
	if err := cfg.readSeed(); err != nil {
		return usageError(err)
	}
	ready, err := prepareReady(cfg.readyFile)
	if err != nil {
		return usageError(fmt.Errorf("--ready-file: %w", err))
	}
	n, err := node.Open(ctx, cfg.node)
	if wrong, ok := errors.AsType[*node.ConfigError](err); ok {
		return usageError(flagged(wrong))
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if err := ready.write(n); err != nil {
		return err
	}
	defer ready.remove()
	announce(out, n)
	node.Settle()
	n.Wait(ctx)
	n.Drain()
	after, stop := context.WithTimeout(context.WithoutCancel(ctx), cfg.drain)
	defer stop()
	n.Wait(after)
	return nil
}

func (cfg *serveConfig) readSeed() error {
	if cfg.seed == "" {
		return nil
	}
	read, err := seed.Read(cfg.seed)
	if err == nil {
		cfg.node.Seed = *read
	}
	return err
}

// flagged names the flag that an error is about.
func flagged(err *node.ConfigError) error {
	if err.Setting == "" {
		return err
	}
	return fmt.Errorf("--%w", err)
}

// passwordShower returns what shows the password of a new administrator. It is shown once, so it must not get lost: Go
// opens the null device when a process begins without standard output.
func passwordShower(out io.Writer) func(email, password, path string) error {
	return func(email, password, path string) error {
		if discards(out) {
			return errors.New("made on the first start, whose password standard output shows: expected one that is not closed, nor " + os.DevNull)
		}
		_, err := fmt.Fprintf(out, "user      %s\npassword  %s\n          Shown this once. %s has the hash; `reimport hash-password` makes another.\n", email, password, path)
		return err
	}
}

func discards(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	is, err := file.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err != nil || nullErr == nil && os.SameFile(is, null)
}

func announce(out io.Writer, n *node.Node) {
	if ca := n.CA(); ca != "" {
		fmt.Fprintf(out, "trust     %s\n", ca)
	}
	if controls := n.ControlsURL(); controls != "" {
		fmt.Fprintf(out, "controls  %s\n", controls)
	}
	fmt.Fprintf(out, "listening %s\n", n.URL())
}
