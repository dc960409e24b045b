package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reimport/reimport/internal/cluster"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/store"
	"github.com/reimport/reimport/server"
)

// serveConfig is what `reimport serve` is told, by flags or by the environment.
type serveConfig struct {
	listen          string
	dataDir         string
	seed            string
	users           string
	tls             bool
	tlsCert         string
	tlsKey          string
	maskCredentials bool
	mountPoints     []string
	allowPrivate    string
	parallelImports int
	maxDownload     int64
	maxExpansion    int64
	lockout         server.Lockout
	grace           time.Duration
	logLevel        string
	logFormat       string
}

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

func (cfg *serveConfig) register(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVar(&cfg.listen, "listen", "127.0.0.1:9443", "`address` to listen on; port 0 for a free one")
	f.StringVar(&cfg.dataDir, "data-dir", "reimport-data", "`directory` for databases, certificate, users and downloads")
	f.StringVar(&cfg.seed, "seed", "", "YAML `file` of users, modules and, for an empty data directory, databases to start with")
	f.StringVar(&cfg.users, "users", "", "YAML `file` of users; made with a random admin where it and the seed have none (default users.yaml in the data directory)")
	f.BoolVar(&cfg.tls, "tls", true, "serve HTTPS; --tls=false for plain HTTP")
	f.StringVar(&cfg.tlsCert, "tls-cert", "", "PEM `file` of the certificate (default one made in the data directory)")
	f.StringVar(&cfg.tlsKey, "tls-key", "", "PEM `file` of the certificate's key (default one made in the data directory)")
	f.BoolVar(&cfg.maskCredentials, "mask-bdb-credentials", true, "return the passwords of databases empty")
	f.StringSliceVar(&cfg.mountPoints, "mount-point", nil, "`directory` below which mount_point sources may be read; repeat it or separate by commas")
	f.StringVar(&cfg.allowPrivate, "allow-private-addresses", "auto", "`choice` whether url sources may be on loopback, private and link-local addresses: true, false, or auto for true while --listen is a loopback address")
	f.IntVar(&cfg.parallelImports, "parallel-imports", 2, "`number` of imports that run at once; others wait in initializing")
	f.Int64Var(&cfg.maxDownload, "max-download", 64<<30, "largest size in `bytes` of one downloaded file")
	f.Int64Var(&cfg.maxExpansion, "max-expansion", 256<<30, "largest size in `bytes` to which one gzip file may expand")
	f.IntVar(&cfg.lockout.Failures, "lockout-failures", 5, "`number` of failed logins of a user that lock the user out, 0 for never")
	f.DurationVar(&cfg.lockout.Within, "lockout-window", 15*time.Minute, "`time` in which they count")
	f.DurationVar(&cfg.lockout.For, "lockout-duration", 30*time.Minute, "`time` for which the user stays locked out")
	f.DurationVar(&cfg.grace, "shutdown-timeout", 15*time.Second, "`time` that requests in flight have at the end")
	f.StringVar(&cfg.logLevel, "log-level", "info", "least `level` of what is logged: debug, info, warn or error")
	f.StringVar(&cfg.logFormat, "log-format", "text", "`format` of the log: text or json")
}

// fromEnvironment sets the flags that were not given from their twins.
func fromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := variableOf(f.Name)
		value, ok := lookup(name)
		if !ok || f.Changed || f.Name == "help" || err != nil {
			return
		}
		if flags.Set(f.Name, value) != nil {
			err = fmt.Errorf("%s: invalid value %q for a setting of type %s", name, value, f.Value.Type())
		}
	})
	return err
}

// variableOf names the twin of a flag of serve in the environment.
func variableOf(flag string) string {
	return "REIMPORT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// check refuses what no start can make sense of.
func (cfg *serveConfig) check() error {
	var level slog.Level
	_, _, err := net.SplitHostPort(cfg.listen)
	switch {
	case err != nil:
		return fmt.Errorf("--listen: expected host:port, not %q", cfg.listen)
	case cfg.allowPrivate != "auto" && cfg.allowPrivate != "true" && cfg.allowPrivate != "false":
		return fmt.Errorf("--allow-private-addresses: expected auto, true or false, not %q", cfg.allowPrivate)
	case (cfg.tlsCert == "") != (cfg.tlsKey == ""):
		return errors.New("--tls-cert, --tls-key: expected both or neither")
	case cfg.tlsCert != "" && !cfg.tls:
		return errors.New("--tls-cert: expected none with --tls=false")
	case cfg.parallelImports < 1:
		return errors.New("--parallel-imports: expected at least 1")
	case cfg.maxDownload < 1 || cfg.maxExpansion < 1:
		return errors.New("--max-download, --max-expansion: expected at least 1 byte")
	case cfg.lockout.Failures < 0 || cfg.lockout.Within <= 0 || cfg.lockout.For <= 0:
		return errors.New("--lockout-failures, --lockout-window, --lockout-duration: expected no negative number and times above 0")
	case cfg.grace <= 0:
		return errors.New("--shutdown-timeout: expected a time above 0")
	case level.UnmarshalText([]byte(cfg.logLevel)) != nil:
		return fmt.Errorf("--log-level: expected debug, info, warn or error, not %q", cfg.logLevel)
	case cfg.logFormat != "text" && cfg.logFormat != "json":
		return fmt.Errorf("--log-format: expected text or json, not %q", cfg.logFormat)
	}
	return nil
}

// loopback reports whether only this machine can reach the address to listen on.
func (cfg *serveConfig) loopback() bool {
	host, _, _ := net.SplitHostPort(cfg.listen)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (cfg *serveConfig) logger(w io.Writer) *slog.Logger {
	var options slog.HandlerOptions
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.logLevel)) // checked
	options.Level = level
	if cfg.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, &options))
	}
	return slog.New(slog.NewTextHandler(w, &options))
}

// setup reads what the cluster is made of. On the first start without users it makes one and says so once.
func (cfg *serveConfig) setup(out io.Writer) (*cluster.Cluster, error) {
	c := &cluster.Cluster{Modules: cluster.Bundled()}
	if cfg.seed != "" {
		var err error
		if c, err = cluster.Read(cfg.seed); err != nil {
			return nil, usageError(err)
		}
	}
	if c.Demo && !cfg.loopback() {
		return nil, usageError(fmt.Errorf("--listen: %s is a demo with public passwords, expected a loopback address", cfg.seed))
	}
	if len(c.Users) > 0 && cfg.users == "" {
		return c, nil
	}
	path := cfg.users
	if path == "" {
		path = filepath.Join(cfg.dataDir, "users.yaml")
	}
	file, err := cluster.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		admin, password, err := cluster.CreateAdmin(path, "admin@redis.local")
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "user      %s\npassword  %s\n          Shown this once. %s has the hash; `reimport hash-password` makes another.\n", admin.Email, password, path)
		c.Users = append(c.Users, admin)
	case err != nil:
		return nil, usageError(err)
	default:
		c.Users = append(c.Users, file.Users...)
	}
	return c, nil
}

func (cfg *serveConfig) serve(ctx context.Context, out, errOut io.Writer) (err error) {
	log := cfg.logger(errOut)
	if err := os.MkdirAll(cfg.dataDir, 0o700); err != nil {
		return err
	}
	st, err := store.Open(filepath.Join(cfg.dataDir, "reimport.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	im, err := importer.New(st, importer.Config{
		MountPoints: cfg.mountPoints, AllowPrivate: cfg.allowPrivate == "true" || cfg.allowPrivate == "auto" && cfg.loopback(),
		SpoolDir: filepath.Join(cfg.dataDir, "spool"), MaxDownload: cfg.maxDownload, MaxExpansion: cfg.maxExpansion,
		Parallel: cfg.parallelImports, Now: time.Now, Log: log,
	})
	if err != nil {
		return usageError(err)
	}
	defer func() { err = errors.Join(err, im.Close()) }()
	c, err := cfg.setup(out)
	if err != nil {
		return err
	}
	if err := seed(ctx, st, c.Databases, log); err != nil {
		return err
	}
	if err := im.Recover(ctx); err != nil {
		return err
	}
	s, err := server.New(server.Config{
		Store: st, Importer: im, Users: c.Users, Modules: c.Modules, Lockout: cfg.lockout,
		ShowCredentials: !cfg.maskCredentials, Now: time.Now, Log: log,
	})
	if err != nil {
		return err
	}
	return cfg.listenAndServe(ctx, s, out)
}

// seed puts the seed's databases into an empty store. One that has databases keeps them.
func seed(ctx context.Context, st *store.Store, databases []*database.Database, log *slog.Logger) error {
	present, err := st.List(ctx)
	if err != nil {
		return err
	}
	if len(present) > 0 && len(databases) > 0 {
		log.Warn("the data directory has databases already: those of the seed are left out", "present", len(present))
		return nil
	}
	now := time.Now()
	for _, db := range databases {
		db.CreatedTime, db.LastChangedTime = now, now
		if _, err := st.Create(ctx, db); err != nil {
			return err
		}
	}
	return nil
}

func (cfg *serveConfig) listenAndServe(ctx context.Context, s *server.Server, out io.Writer) error {
	config, ca, err := cfg.certificate()
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if config != nil {
		scheme = "https"
	}
	if ca != "" {
		fmt.Fprintf(out, "trust     %s\n", ca)
	}
	fmt.Fprintf(out, "listening %s://%s\n", scheme, l.Addr())
	return s.Serve(ctx, l, config, cfg.grace)
}

// certificate returns the TLS configuration, nil for none, and the CA to trust where the certificate is our own.
func (cfg *serveConfig) certificate() (config *tls.Config, ca string, err error) {
	if !cfg.tls {
		return nil, "", nil
	}
	var cert tls.Certificate
	if cfg.tlsCert != "" {
		cert, err = tls.LoadX509KeyPair(cfg.tlsCert, cfg.tlsKey)
	} else {
		host, _ := os.Hostname()
		cert, ca, err = server.Certificate(filepath.Join(cfg.dataDir, "tls"), host, time.Now())
	}
	if err != nil {
		return nil, "", err
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, ca, nil
}
