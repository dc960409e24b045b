package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/server"
)

// serveConfig is what `reimport serve` is told, by flags or by the environment.
type serveConfig struct {
	node            node.Config
	seed            string
	readyFile       string
	attach          []string
	maskCredentials bool
	allowPrivate    string
	drain           time.Duration
	logLevel        string
	logFormat       string
}

// register adds the flags, whose defaults are those of a node.
func (cfg *serveConfig) register(f *pflag.FlagSet) {
	cfg.node = node.Defaults()
	n, im := &cfg.node, &cfg.node.Importer
	f.SortFlags = false
	f.StringVar(&n.Listen, "listen", n.Listen, "`address` to listen on; port 0 for a free one")
	f.StringVar(&n.DataDir, "data-dir", n.DataDir, "`directory` for databases, certificate, users and downloads")
	f.StringVar(&cfg.seed, "seed", "", "YAML `file` of users, modules and, for an empty data directory, databases to start with")
	f.StringVar(&n.DataPlane, "data-plane", node.DataPlaneSimulated, "`choice` of what new databases get: simulated, whose imports are checked and not loaded; local, a redis-server or valkey-server for each, on 127.0.0.1; auto for local if one is on PATH")
	f.StringArrayVar(&cfg.attach, "attach", nil, "`NAME=URL` of a Redis and of the database that is attached to it, which is made unless it is there; repeat it, or separate by spaces")
	f.Int64Var(&n.MemoryLimit, "memory-limit", 0, "memory of the cluster in `bytes`, which the limits of its databases may come to, unless the seed has one; 0 for what this machine has and its cgroup allows")
	f.StringVar(&cfg.readyFile, "ready-file", "", "`file` that says where the server is, for as long as it answers")
	f.StringVar(&n.UsersFile, "users", "", "YAML `file` of users; made with a random admin where it and the seed have none (default users.yaml in the data directory)")
	f.BoolVar(&n.TLS, "tls", n.TLS, "serve HTTPS; --tls=false for plain HTTP")
	f.StringVar(&n.CertFile, "tls-cert", "", "PEM `file` of the certificate (default one made in the data directory)")
	f.StringVar(&n.KeyFile, "tls-key", "", "PEM `file` of the certificate's key (default one made in the data directory)")
	f.StringSliceVar(&n.CertNames, "tls-name", nil, "`host` or address, besides localhost and this machine's name, that the certificate made is for; repeat it or separate by commas")
	f.StringSliceVar(&n.TrustedOrigins, "trusted-origin", nil, "`origin`, besides the server's own, whose pages may send requests that change something; repeat it or separate by commas")
	f.BoolVar(&cfg.maskCredentials, "mask-bdb-credentials", !n.ShowCredentials, "return the passwords of databases empty")
	f.StringSliceVar(&im.MountPoints, "mount-point", nil, "`directory` below which mount_point sources may be read; repeat it or separate by commas")
	f.StringVar(&cfg.allowPrivate, "allow-private-addresses", "auto", "`choice` whether url sources may be on loopback, private and link-local addresses: true, false, or auto for true while --listen is a loopback address")
	f.IntVar(&im.Loads, "parallel-imports", im.Loads, "`number` of imports that are checked and loaded at once; others wait in initializing")
	f.IntVar(&im.Downloads, "parallel-downloads", im.Downloads, "`number` of imports that download their files at once; others wait in initializing")
	f.Int64Var(&im.MaxDownload, "max-download", im.MaxDownload, "largest size in `bytes` of one downloaded file")
	f.Int64Var(&im.MaxFile, "max-file", im.MaxFile, "largest size in `bytes` of one file below a mount point")
	f.Int64Var(&im.MaxExpansion, "max-expansion", im.MaxExpansion, "largest size in `bytes` to which one gzip file may expand")
	f.DurationVar(&im.CheckTimeout, "check-timeout", im.CheckTimeout, "`time` that the check of one import's files may take")
	f.Int64Var(&im.SpoolReserve, "spool-reserve", 0, "`bytes` that the spool of downloads and inflated files leaves free on the data directory's disk, 0 for 256 MiB or 5 % of it, whichever is more")
	f.IntVar(&n.Lockout.Failures, "lockout-failures", n.Lockout.Failures, "`number` of failed logins of a user that lock the user out, 0 for never")
	f.DurationVar(&n.Lockout.Within, "lockout-window", n.Lockout.Within, "`time` in which they count")
	f.DurationVar(&n.Lockout.For, "lockout-duration", n.Lockout.For, "`time` for which the user stays locked out")
	f.StringVar(&n.Controls, "controls", "", "`address` on this machine to listen on for the controls of an emulated cluster: host:port, or unix: and the path of a socket")
	f.DurationVar(&cfg.drain, "drain-delay", 0, "`time` at the end in which /healthz says 503 and all else is served as before, so that balancers notice")
	f.DurationVar(&n.Grace, "shutdown-timeout", n.Grace, "`time` that requests in flight have at the end")
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

var planes = []string{node.DataPlaneSimulated, node.DataPlaneLocal, node.DataPlaneAuto}

// variableOf names the twin of a flag of serve in the environment.
func variableOf(flag string) string {
	return "REIMPORT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)

// check refuses what no start can make sense of, and completes the Config of the node.
func (cfg *serveConfig) check() error {
	n, im := &cfg.node, &cfg.node.Importer
	_, _, err := net.SplitHostPort(n.Listen)
	switch {
	case err != nil:
		return fmt.Errorf("--listen: expected host:port, not %q", n.Listen)
	case n.DataDir == "":
		return errors.New("--data-dir: expected a directory")
	case !slices.Contains(planes, n.DataPlane):
		return fmt.Errorf("--data-plane: expected simulated, local or auto, not %q", n.DataPlane)
	case cfg.allowPrivate != "auto" && cfg.allowPrivate != "true" && cfg.allowPrivate != "false":
		return fmt.Errorf("--allow-private-addresses: expected auto, true or false, not %q", cfg.allowPrivate)
	case (n.CertFile == "") != (n.KeyFile == ""):
		return errors.New("--tls-cert, --tls-key: expected both or neither")
	case n.CertFile != "" && !n.TLS:
		return errors.New("--tls-cert: expected none with --tls=false")
	case len(n.CertNames) > 0 && (n.CertFile != "" || !n.TLS):
		return errors.New("--tls-name: expected none with --tls-cert or --tls=false")
	case n.MemoryLimit < 0:
		return errors.New("--memory-limit: expected 0 bytes or more")
	case im.Loads < 1 || im.Downloads < 1:
		return errors.New("--parallel-imports, --parallel-downloads: expected at least 1")
	case im.MaxDownload < 1 || im.MaxFile < 1 || im.MaxExpansion < 1:
		return errors.New("--max-download, --max-file, --max-expansion: expected at least 1 byte")
	case im.CheckTimeout <= 0:
		return errors.New("--check-timeout: expected a time above 0")
	case im.SpoolReserve < 0:
		return errors.New("--spool-reserve: expected 0 bytes or more")
	case n.Lockout.Failures < 0 || n.Lockout.Within <= 0 || n.Lockout.For <= 0:
		return errors.New("--lockout-failures, --lockout-window, --lockout-duration: expected no negative number and times above 0")
	case cfg.drain < 0:
		return errors.New("--drain-delay: expected no negative time")
	case n.Grace <= 0:
		return errors.New("--shutdown-timeout: expected a time above 0")
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, cfg.logLevel):
		return fmt.Errorf("--log-level: expected debug, info, warn or error, not %q", cfg.logLevel)
	case cfg.logFormat != "text" && cfg.logFormat != "json":
		return fmt.Errorf("--log-format: expected text or json, not %q", cfg.logFormat)
	}
	if err := checkLists(n); err != nil {
		return err
	}
	if err := cfg.readAttachments(); err != nil {
		return fmt.Errorf("--attach: %w", err)
	}
	n.ShowCredentials = !cfg.maskCredentials
	im.AllowPrivate = cfg.allowPrivate == "true" || cfg.allowPrivate == "auto" && node.Loopback(n.Listen)
	return nil
}

func checkLists(n *node.Config) error {
	for _, name := range n.CertNames {
		if !hostName.MatchString(name) && net.ParseIP(name) == nil {
			return fmt.Errorf("--tls-name: expected a host or an address without a port, not %q", name)
		}
	}
	for _, origin := range n.TrustedOrigins {
		if err := server.CheckOrigin(origin); err != nil {
			return fmt.Errorf("--trusted-origin: %w", err)
		}
	}
	return nil
}

// readAttachments reads the databases to attach, of which the environment has several in one value. No error has a URL in it.
func (cfg *serveConfig) readAttachments() error {
	cfg.node.Attach = nil
	for _, text := range cfg.attach {
		for one := range strings.FieldsSeq(text) {
			a, err := seed.ParseAttachment(one)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(cfg.node.Attach, func(o seed.Attachment) bool { return o.Name == a.Name }) {
				return fmt.Errorf("%s: expected each name once", a.Name)
			}
			cfg.node.Attach = append(cfg.node.Attach, a)
		}
	}
	return nil
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
