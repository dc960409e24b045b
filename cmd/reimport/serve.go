package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/store/bolt"
	"github.com/reimport/reimport/server"
)

func newServeCommand() *cobra.Command {
	var cfg serveConfig
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server.

On its first start it makes, in --data-dir, a certificate with a CA of its own, whose file it names behind trust, and an
administrator with a random password, shown once. Logs go to standard error. SIGTERM and SIGINT end it in order.

Every flag has a twin in the environment: --data-dir is REIMPORT_DATA_DIR. A flag beats the environment; a value that
makes no sense ends the start with exit code 2.

Databases have no Redis behind them: an import reads and checks its files wholly, and drops their keys.`,
		Example: `  reimport serve
  reimport serve --seed examples/demo.yaml --data-dir .demo --mount-point "$PWD/examples"
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
		"allow-private-addresses": {"auto", "true", "false"}, "log-level": {"debug", "info", "warn", "error"}, "log-format": {"text", "json"},
	} {
		// A name that is not registered is the only error.
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// serve asks for all that the configuration names before it makes anything, such as a password that is shown once.
func (cfg *serveConfig) serve(ctx context.Context, out, errOut io.Writer) (err error) {
	collectSeldom()
	events := event.Log(cfg.logger(errOut))
	if err := os.MkdirAll(cfg.dataDir, 0o700); err != nil {
		return usageError(fmt.Errorf("--data-dir: %w", err))
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.listen)
	if err != nil {
		return usageError(fmt.Errorf("--listen: %w", err))
	}
	defer func() { _ = l.Close() }() // where Serve has not done so
	config, ca, err := cfg.certificate()
	if err != nil {
		return err
	}
	st, err := bolt.Open(filepath.Join(cfg.dataDir, "reimport.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	im, err := importer.New(st, importer.Config{
		MountPoints: cfg.mountPoints, AllowPrivate: cfg.allowPrivate == "true" || cfg.allowPrivate == "auto" && cfg.loopback(),
		SpoolDir: filepath.Join(cfg.dataDir, "spool"), MaxDownload: cfg.maxDownload, MaxFile: cfg.maxFile,
		MaxExpansion: cfg.maxExpansion, CheckTimeout: cfg.checkTimeout,
		SpoolReserve: cfg.spoolReserve, Parallel: cfg.parallelImports, Now: time.Now, Events: events,
	})
	if err != nil {
		return usageError(err)
	}
	defer func() { err = errors.Join(err, im.Close()) }()
	c, err := cfg.setup(out)
	if err != nil {
		return usageError(err)
	}
	if err := cfg.fill(ctx, st, im, c, events); err != nil {
		return err
	}
	if err := im.Recover(ctx); err != nil {
		return err
	}
	s, err := server.New(server.Config{
		Store: st, Importer: im, Users: c.Users, Modules: c.Modules, Lockout: cfg.lockout, Lockouts: lockoutsIn(cfg.dataDir),
		ShowCredentials: !cfg.maskCredentials, Now: time.Now, Events: events, TrustedOrigins: cfg.trustedOrigins,
	})
	if err != nil {
		return err
	}
	announce(out, l.Addr(), config != nil, ca)
	return s.Serve(ctx, l, config, cfg.grace)
}

// collectSeldom lets the heap grow to four times what lives before it is collected, unless GOGC says how often. A server at
// work has some MB that live, and would collect a hundred times a second, for a fifth of its time.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
}

func announce(out io.Writer, addr net.Addr, secure bool, ca string) {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	if ca != "" {
		fmt.Fprintf(out, "trust     %s\n", ca)
	}
	fmt.Fprintf(out, "listening %s://%s\n", scheme, addr)
}
