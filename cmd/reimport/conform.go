package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/conform"
)

// errContract is a server that breaks the contract.
var errContract = errors.New("the server breaks the contract")

// conformFlags are those of `reimport conform`.
type conformFlags struct {
	server conform.Server
	yes    bool
	format oneOf
	// transcript is the file for what was sent and answered.
	transcript string
}

func newConformCommand(a *app) *cobra.Command {
	f := &conformFlags{format: oneOf{"table", []string{"table", "json", "junit"}}}
	cmd := &cobra.Command{
		Use:   "conform",
		Short: "Hold a server against the contract",
		Long: `Hold a server, a real cluster or a reimport server, against the contract: call each operation in each way that has a
documented answer, and check status, headers, body, and what is there afterwards.

Each case is kept; broken, with the request, the response and the sentence of the contract; open, if the documents of Redis
Software do not say, with what the server does; or not testable here, with the reason. The exit code is 15 if one is broken.

It says what it will do and asks first. It changes nothing but the database that --uid names and databases that it creates,
whose names begin with conform- and a random word, and deletes what it has created at the end, or when it is interrupted. An
import into the database of --uid may erase what it holds. With --read-only, and without --uid, --create and --controls, it
sends GET and HEAD alone. It sends the credentials to no other host. A wrong password is only sent for names that no user has, so it locks nobody out.

With --controls, the address of the controls of a reimport server, it brings about all states by itself: it replaces what the
server holds, users included, and puts it back at the end.`,
		Example: `  reimport conform --read-only
  reimport conform --create --yes -o junit > conform.xml
  reimport conform --uid 1 --yes`,
		Args: noMore,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.conform(cmd, f) },
	}
	cmd.AddCommand(newConformProxyCommand(a), newConformDiffCommand(a))
	a.connection.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.server.Controls, "controls", "", "`URL` of the controls of a reimport server, which is then set up for the run")
	flags.IntVar(&f.server.UID, "uid", 0, "`uid` of a database that may be changed and imported into")
	flags.BoolVar(&f.server.Create, "create", false, "create databases to try things on, and delete them at the end")
	flags.BoolVar(&f.server.ReadOnly, "read-only", false, "change nothing: send GET and HEAD alone")
	flags.StringVar(&f.server.Viewer, "viewer", "", "`email` of a user who may look and change nothing, for the answers 403")
	flags.StringVar(&f.server.ViewerPassword, "viewer-password", "", "`password` of that user, which a command line shows to others")
	flags.BoolVar(&f.yes, "yes", false, "do not ask first")
	flags.StringVar(&f.transcript, "transcript", "", "write what was sent and answered to this `file`, with secrets, times, ids and hosts hidden")
	flags.VarP(&f.format, "output", "o", "`format` of the report: table, json, or junit, the XML that continuous integration reads")
	cmd.MarkFlagsMutuallyExclusive("read-only", "create")
	cmd.MarkFlagsMutuallyExclusive("read-only", "controls")
	// A name that is not registered is the only error.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(f.format.words, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// conform runs the suite and prints the report, also that of a run which was cancelled.
func (a *app) conform(cmd *cobra.Command, f *conformFlags) error {
	if _, err := a.connect(cmd.Flags()); err != nil { // for its checks of the connection
		return err
	}
	server, err := a.connection.conformServer(f.server)
	if err != nil {
		return err
	}
	if server.UID == 0 && !server.Create && server.Controls == "" {
		server.ReadOnly = true
	}
	defer a.finishInterrupted(cmd.Context())()
	options := conform.Options{
		Timeout: a.connection.timeout.Duration,
		Confirm: func(plan []string) error { return a.confirmPlan(plan, f.yes || server.ReadOnly) },
	}
	if f.transcript != "" {
		options.Transcript = new(conform.Transcript)
	}
	report, err := conform.Check(cmd.Context(), server, options)
	if report != nil {
		if written := errors.Join(f.print(a.out, report), f.writeTranscript(options.Transcript)); written != nil {
			return written
		}
	}
	if err == nil && report.Count(conform.Broken) > 0 {
		err = fmt.Errorf("%w in %d of %d cases", errContract, report.Count(conform.Broken), len(report.Results))
	}
	return err
}

// finishInterrupted has a second signal change nothing until the function that it returns is called: a run that is interrupted
// deletes what it has created first. timeout(1) sends a signal twice at once, to the process and to its group.
func (a *app) finishInterrupted(ctx context.Context) (done func()) {
	again := make(chan os.Signal, 1)
	signal.Notify(again, endSignals()...)
	said := context.AfterFunc(ctx, func() {
		if !a.asJSON {
			fmt.Fprintln(a.errOut, "Interrupted: deleting what the run has created.")
		}
	})
	return func() {
		said()
		signal.Stop(again)
	}
}

// conformServer is the server of the connection.
func (c *connection) conformServer(s conform.Server) (conform.Server, error) {
	s.URL, s.User, s.Password, s.Insecure = c.url, c.user, c.password, c.insecure
	if c.caCert == "" {
		return s, nil
	}
	pem, err := os.ReadFile(c.caCert)
	if err != nil {
		return s, configError(fmt.Errorf("--ca-cert: %w: %w", client.ErrCA, err))
	}
	s.CA = x509.NewCertPool()
	s.CA.AppendCertsFromPEM(pem) // connect has checked that it holds certificates
	return s, nil
}

func (f *conformFlags) print(out io.Writer, report *conform.Report) error {
	switch f.format.value {
	case "json":
		return report.WriteJSON(out)
	case "junit":
		return report.WriteJUnit(out)
	}
	return report.WriteTable(out)
}

// writeTranscript writes to a file that only its owner may read: nothing hides what nobody knows for a secret.
func (f *conformFlags) writeTranscript(t *conform.Transcript) error {
	if t == nil {
		return nil
	}
	file, err := os.OpenFile(f.transcript, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = t.WriteTo(file)
	return errors.Join(err, file.Close())
}

// confirmPlan shows what will be done, and asks unless the answer is known.
func (a *app) confirmPlan(plan []string, yes bool) error {
	file, ok := a.in.(*os.File)
	asks := !yes && ok && isatty.IsTerminal(file.Fd())
	if asks || !a.asJSON {
		fmt.Fprintln(a.errOut, "This run will:")
		for _, step := range plan {
			fmt.Fprintf(a.errOut, "  - %s\n", printable(step))
		}
	}
	switch {
	case yes:
		return nil
	case !asks:
		return withHint(usageError(errors.New("standard input is no terminal, so nobody can be asked")), "--yes does all of the above without asking; --read-only changes nothing")
	}
	fmt.Fprint(a.errOut, "Go on? [y/N] ")
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return fmt.Errorf("nothing was done: %w", context.Canceled)
	}
	return nil
}
