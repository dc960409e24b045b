package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reimport/reimport/client"
)

// connection is how to reach the server, by flags or by the environment.
type connection struct {
	url, user, password, passwordFile, caCert string
	passwordStdin, insecure                   bool
	timeout, retry                            span
}

// environment gives flags their twins. The names are those of other clients of the API, so that one set-up serves all. A
// variable that is set and empty counts as not set.
var environment = []struct{ flag, variable string }{
	{"url", "REDIS_ENTERPRISE_URL"},
	{"user", "REDIS_ENTERPRISE_USER"},
	{"password", "REDIS_ENTERPRISE_PASSWORD"},
	{"insecure", "REDIS_ENTERPRISE_INSECURE"},
	{"ca-cert", "REDIS_ENTERPRISE_CA_CERT"},
}

func (c *connection) register(cmd *cobra.Command) {
	c.retry = span{Duration: 15 * time.Second, orZero: true}
	f := cmd.PersistentFlags()
	c.registerServer(cmd, f)
	f.StringVar(&c.user, "user", "", "`email` of the user (REDIS_ENTERPRISE_USER)")
	f.StringVar(&c.password, "password", "", "`password` of the user, which a command line shows to others (REDIS_ENTERPRISE_PASSWORD)")
	f.StringVar(&c.passwordFile, "password-file", "", "read the password from the first line of this `file`")
	f.BoolVar(&c.passwordStdin, "password-stdin", false, "read the password from the first line of standard input")
	f.Var(&c.retry, "retry", "`time` for which a busy database is asked again, 0 for not at all")
	cmd.MarkFlagsMutuallyExclusive("password", "password-file", "password-stdin")
}

// registerServer adds the flags of what needs no user.
func (c *connection) registerServer(cmd *cobra.Command, f *pflag.FlagSet) {
	c.timeout.Duration = 30 * time.Second
	f.StringVar(&c.url, "url", "https://localhost:9443", "`URL` of the server (REDIS_ENTERPRISE_URL)")
	f.StringVar(&c.caCert, "ca-cert", "", "PEM `file` of the certificates to trust (REDIS_ENTERPRISE_CA_CERT)")
	f.BoolVar(&c.insecure, "insecure", false, "accept any certificate (REDIS_ENTERPRISE_INSECURE)")
	f.Var(&c.timeout, "timeout", "longest `time` that one request may take")
	cmd.MarkFlagsMutuallyExclusive("ca-cert", "insecure")
}

// connect makes the client. A flag beats the environment beats the default; what is wrong is a configuration error that
// names the flag or the variable.
func (a *app) connect(flags *pflag.FlagSet, opts ...client.Option) (*client.Client, error) {
	return a.connectTo(flags, a.lookup, opts...)
}

// connectTo is connect with another environment.
func (a *app) connectTo(flags *pflag.FlagSet, lookup func(string) (string, bool), opts ...client.Option) (*client.Client, error) {
	c := &a.connection
	origins, err := fromTwins(flags, lookup)
	if err != nil {
		return nil, err
	}
	if err := c.readPassword(a.in); err != nil {
		return nil, err
	}
	if c.user == "" && c.password != "" {
		return nil, configError(fmt.Errorf("%s: there is a password and no user", origins["user"]))
	}
	opts = append(opts, client.WithTimeout(c.timeout.Duration), client.WithRetry(c.retry.Duration),
		client.WithBasicAuth(c.user, c.password), client.WithUserAgent("reimport/"+build().Version))
	if c.caCert != "" {
		opts = append(opts, client.WithCAFile(c.caCert))
	} else if c.insecure {
		opts = append(opts, client.WithInsecureTLS())
	}
	made, err := client.New(c.url, opts...)
	switch {
	case errors.Is(err, client.ErrAddress):
		err = configError(fmt.Errorf("%s: %w", origins["url"], err))
	case errors.Is(err, client.ErrCA):
		err = configError(fmt.Errorf("%s: %w", origins["ca-cert"], err))
	case errors.Is(err, client.ErrOption):
		err = configError(fmt.Errorf("%s: %w", origins["user"], err))
	}
	return made, err
}

// fromTwins sets the flags that were not given from the environment, and returns what to call each when it is wrong.
func fromTwins(flags *pflag.FlagSet, lookup func(string) (string, bool)) (map[string]string, error) {
	origins := map[string]string{}
	for _, twin := range environment {
		origins[twin.flag] = "--" + twin.flag
		value, _ := lookup(twin.variable)
		flag := flags.Lookup(twin.flag)
		if value == "" || flag == nil || flag.Changed || beaten(flags, twin.flag) {
			continue
		}
		origins[twin.flag] = twin.variable
		if flag.Value.Set(value) != nil {
			return nil, configError(fmt.Errorf("%s: expected true or false, not %q", twin.variable, value))
		}
	}
	return origins, nil
}

// beaten reports that a flag of the same purpose was given: --insecure must work beside a REDIS_ENTERPRISE_CA_CERT.
func beaten(flags *pflag.FlagSet, name string) bool {
	switch name {
	case "password":
		return flags.Changed("password-file") || flags.Changed("password-stdin")
	case "ca-cert":
		return flags.Changed("insecure")
	}
	return false
}

// readPassword takes the first line, since editors and echo end files with a newline that is not part of the password.
func (c *connection) readPassword(in io.Reader) error {
	origin := "--password-stdin"
	switch {
	case c.passwordFile != "":
		origin = "--password-file"
		file, err := os.Open(c.passwordFile)
		if err != nil {
			return configError(fmt.Errorf("%s: %w", origin, err))
		}
		defer file.Close()
		in = file
	case !c.passwordStdin:
		return nil
	}
	const longest = 4096
	text, err := io.ReadAll(io.LimitReader(in, longest))
	if err != nil {
		return configError(fmt.Errorf("%s: %w", origin, err))
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if c.password = strings.TrimSuffix(line, "\r"); c.password == "" {
		return configError(fmt.Errorf("%s: the first line is empty", origin))
	}
	return nil
}
