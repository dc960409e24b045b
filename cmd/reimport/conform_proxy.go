package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/conform"
	"github.com/reimport/reimport/internal/node"
)

// proxyFlags are those of `reimport conform proxy`.
type proxyFlags struct {
	upstream, listen, tlsDir, transcript string
	strict, ours                         bool
	format                               oneOf
}

func newConformProxyCommand(a *app) *cobra.Command {
	f := &proxyFlags{format: oneOf{"text", []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Hold a client, and what its server answers, against the contract",
		Long: `Pass the requests of any client on to a server, and the answers back, and hold both against the contract.

Nothing is changed on the way but the Host of a request, which is the server's, and what HTTP has for a single connection.
Redirects are passed on and not followed. The credentials of a request go to the server alone. With --strict, a request that
breaks the contract is answered with 400, or with 401 if it has no credentials, and does not reach the server.

Standard output has a line "listening URL" once the proxy answers, a line "breach WHERE AND WHAT" for each breach, in the
order in which the exchanges end, and "summary" as the last one; with -o json, an object on each. SIGINT and SIGTERM end it.
The exit code is 15 if there was a breach.

What a cluster may have beyond the contract, such as members that it does not list, is counted as a note; --ours makes it a
breach, which is how a reimport server is judged.`,
		Example: `  reimport conform proxy --upstream https://cluster.example.com:9443 --insecure
  reimport conform proxy --upstream https://127.0.0.1:9443 --ca-cert reimport-data/tls/ca.pem --tls-dir proxy-tls --strict`,
		Args: noMore,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.proxy(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.upstream, "upstream", "", "`URL` of the server")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 for a free one")
	flags.StringVar(&f.tlsDir, "tls-dir", "", "speak TLS to clients, with a certificate and a CA that are made in this `directory`")
	flags.StringVar(&f.transcript, "transcript", "", "write the exchanges to this `file` at the end, without secrets, times, ids and hosts")
	flags.BoolVar(&f.strict, "strict", false, "answer requests that break the contract, instead of passing them on")
	flags.BoolVar(&f.ours, "ours", false, "hold the server to what a reimport server promises")
	flags.VarP(&f.format, "output", "o", "`format` of the lines: text or json")
	_ = cmd.MarkFlagRequired("upstream") // a name that is not registered is the only error
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(f.format.words, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// proxy runs until the context ends, and reports what has passed.
func (a *app) proxy(cmd *cobra.Command, f *proxyFlags) error {
	cfg, err := a.proxyConfig(cmd, f)
	if err != nil {
		return err
	}
	file, err := createTranscript(f.transcript)
	if err != nil {
		return usageError(fmt.Errorf("--transcript: %w", err))
	}
	if file != nil {
		cfg.Transcript = new(conform.Transcript)
		defer file.discard()
	}
	listener, scheme, err := a.listenForClients(cmd.Context(), f)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300) // little lives
	}
	proxy := conform.NewProxy(*cfg)
	f.say(a.out, "listening", scheme+listener.Addr().String())
	err = serveUntil(cmd.Context(), listener, proxy)
	summary := proxy.Close()
	if file != nil {
		err = errors.Join(err, file.write(cfg.Transcript))
	}
	f.say(a.out, "summary", summary)
	if err == nil && summary.Breaches > 0 {
		err = &marked{fmt.Errorf("%d breaches of the contract in %d exchanges", summary.Breaches, summary.Exchanges), errContract}
	}
	return err
}

func (a *app) proxyConfig(cmd *cobra.Command, f *proxyFlags) (*conform.ProxyConfig, error) {
	upstream, err := url.Parse(f.upstream)
	if err != nil || upstream.Host == "" || upstream.Scheme != "http" && upstream.Scheme != "https" || upstream.RawQuery != "" || upstream.User != nil {
		return nil, usageError(errors.New("--upstream: expected a URL such as https://cluster.example.com:9443"))
	}
	if _, err := a.connect(cmd.Flags()); err != nil { // for its checks of the certificates
		return nil, err
	}
	server, err := a.connection.conformServer(conform.Server{})
	if err != nil {
		return nil, err
	}
	return &conform.ProxyConfig{
		Upstream: upstream, Checker: conform.Checker{Ours: f.ours}, Strict: f.strict,
		TLS:    &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: server.CA, InsecureSkipVerify: server.Insecure}, //nolint:gosec // if --insecure says so
		Report: func(b conform.Breach) { f.say(a.out, "breach", b) },
		Failed: func(err error) { fmt.Fprintln(a.errOut, "upstream:", printable(err.Error())) },
	}, nil
}

// say writes a line.
func (f *proxyFlags) say(out io.Writer, what string, value any) {
	if f.format.value == "json" {
		line, _ := marshal(map[string]any{what: value}) // all values can be encoded
		fmt.Fprint(out, string(line))
		return
	}
	fmt.Fprintf(out, "%-9s %s\n", what, printable(fmt.Sprint(value)))
}

// listenForClients returns a listener, with TLS if the flags say so, and the scheme of its URL.
func (a *app) listenForClients(ctx context.Context, f *proxyFlags) (net.Listener, string, error) {
	if f.tlsDir == "" && !node.Loopback(f.listen) {
		return nil, "", usageError(errors.New("--listen: expected a loopback address without --tls-dir, as clients send credentials"))
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return nil, "", usageError(fmt.Errorf("--listen: %w", err))
	}
	if f.tlsDir == "" {
		return listener, "http://", nil
	}
	host, _ := os.Hostname() // without one, the certificate is for this machine alone
	cert, ca, err := node.OwnCertificate(f.tlsDir, host, nil, time.Now())
	if err != nil {
		return nil, "", errors.Join(usageError(fmt.Errorf("--tls-dir: %w", err)), listener.Close())
	}
	f.say(a.out, "trust", ca)
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}), "https://", nil
}

// proxyGrace is how long exchanges may go on when the proxy is to end.
const proxyGrace = 5 * time.Second

// serveUntil serves until ctx ends, and waits for the exchanges under way.
func serveUntil(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), proxyGrace)
	defer cancel()
	err := server.Shutdown(deadline)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// transcriptFile is put in place when it is whole.
type transcriptFile struct {
	*os.File
	path string
}

// createTranscript returns nil without a path.
func createTranscript(path string) (*transcriptFile, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".reimport-transcript-*")
	if err != nil {
		return nil, err
	}
	return &transcriptFile{file, path}, nil
}

func (t *transcriptFile) write(exchanges io.WriterTo) error {
	_, err := exchanges.WriteTo(t.File)
	err = errors.Join(err, t.Chmod(0o644), t.Close()) // it has no secrets
	if err != nil {
		return err
	}
	return os.Rename(t.Name(), t.path)
}

// discard removes what has not been put in place.
func (t *transcriptFile) discard() {
	_ = t.Close()
	_ = os.Remove(t.Name())
}
