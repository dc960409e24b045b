package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/reimport/reimport/internal/access"
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
	trustedOrigins  []string
	mountPoints     []string
	allowPrivate    string
	parallelImports int
	maxDownload     int64
	maxFile         int64
	maxExpansion    int64
	checkTimeout    time.Duration
	spoolReserve    int64
	lockout         access.Lockout
	grace           time.Duration
	logLevel        string
	logFormat       string
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
	f.StringSliceVar(&cfg.trustedOrigins, "trusted-origin", nil, "`origin`, besides the server's own, whose pages may send requests that change something; repeat it or separate by commas")
	f.BoolVar(&cfg.maskCredentials, "mask-bdb-credentials", true, "return the passwords of databases empty")
	f.StringSliceVar(&cfg.mountPoints, "mount-point", nil, "`directory` below which mount_point sources may be read; repeat it or separate by commas")
	f.StringVar(&cfg.allowPrivate, "allow-private-addresses", "auto", "`choice` whether url sources may be on loopback, private and link-local addresses: true, false, or auto for true while --listen is a loopback address")
	f.IntVar(&cfg.parallelImports, "parallel-imports", 2, "`number` of imports that run at once; others wait in initializing")
	f.Int64Var(&cfg.maxDownload, "max-download", 64<<30, "largest size in `bytes` of one downloaded file")
	f.Int64Var(&cfg.maxFile, "max-file", 64<<30, "largest size in `bytes` of one file below a mount point")
	f.Int64Var(&cfg.maxExpansion, "max-expansion", 256<<30, "largest size in `bytes` to which one gzip file may expand")
	f.DurationVar(&cfg.checkTimeout, "check-timeout", time.Hour, "`time` that the check of one import's files may take")
	f.Int64Var(&cfg.spoolReserve, "spool-reserve", 0, "`bytes` that downloads leave free on the data directory's disk, 0 for 256 MiB or 5 % of it, whichever is more")
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
	_, _, err := net.SplitHostPort(cfg.listen)
	switch {
	case err != nil:
		return fmt.Errorf("--listen: expected host:port, not %q", cfg.listen)
	case cfg.dataDir == "":
		return errors.New("--data-dir: expected a directory")
	case cfg.allowPrivate != "auto" && cfg.allowPrivate != "true" && cfg.allowPrivate != "false":
		return fmt.Errorf("--allow-private-addresses: expected auto, true or false, not %q", cfg.allowPrivate)
	case (cfg.tlsCert == "") != (cfg.tlsKey == ""):
		return errors.New("--tls-cert, --tls-key: expected both or neither")
	case cfg.tlsCert != "" && !cfg.tls:
		return errors.New("--tls-cert: expected none with --tls=false")
	case cfg.parallelImports < 1:
		return errors.New("--parallel-imports: expected at least 1")
	case cfg.maxDownload < 1 || cfg.maxFile < 1 || cfg.maxExpansion < 1:
		return errors.New("--max-download, --max-file, --max-expansion: expected at least 1 byte")
	case cfg.checkTimeout <= 0:
		return errors.New("--check-timeout: expected a time above 0")
	case cfg.spoolReserve < 0:
		return errors.New("--spool-reserve: expected 0 bytes or more")
	case cfg.lockout.Failures < 0 || cfg.lockout.Within <= 0 || cfg.lockout.For <= 0:
		return errors.New("--lockout-failures, --lockout-window, --lockout-duration: expected no negative number and times above 0")
	case cfg.grace <= 0:
		return errors.New("--shutdown-timeout: expected a time above 0")
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, cfg.logLevel):
		return fmt.Errorf("--log-level: expected debug, info, warn or error, not %q", cfg.logLevel)
	case cfg.logFormat != "text" && cfg.logFormat != "json":
		return fmt.Errorf("--log-format: expected text or json, not %q", cfg.logFormat)
	}
	for _, origin := range cfg.trustedOrigins {
		if err := server.CheckOrigin(origin); err != nil {
			return fmt.Errorf("--trusted-origin: %w", err)
		}
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
