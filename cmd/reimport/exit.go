package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/internal/store"
)

var (
	errUsage  = errors.New("usage")
	errConfig = errors.New("configuration")
)

// usageError marks err as a mistake on the command line.
func usageError(err error) error { return &marked{err, errUsage} }

func configError(err error) error { return &marked{err, errConfig} }

// marked is an error of a kind that its text does not mention.
type marked struct {
	error
	kind error
}

func (m *marked) Unwrap() []error { return []error{m.error, m.kind} }

// exit is a way to end: its code, its name in the envelope, and the errors that lead there.
type exit struct {
	code    int
	name    string
	meaning string
	errs    []error
}

// exits is in the order in which errors are looked up, because an error may be of several kinds: giving up on a busy
// database ends as a timeout, not as a conflict. The codes are those of other tools for Redis Software; 13 to 17 are ours.
var exits = []exit{
	{13, "import_failed", "the import ended as failed", []error{client.ErrImportFailed}},
	{16, "creation_failed", "the database could not be created", []error{client.ErrCreationFailed}},
	{2, "usage", "a mistake on the command line", []error{errUsage}},
	{3, "configuration", "a setting of the connection is not valid", []error{errConfig}},
	{12, "cancelled", "cancelled by SIGINT, SIGTERM or SIGHUP", []error{context.Canceled}},
	{11, "timeout", "no answer, or no end of the import or the creation, in time", []error{context.DeadlineExceeded}},
	{4, "authentication", "credentials or permission are missing (401, 403)", []error{client.ErrUnauthorized, client.ErrForbidden}},
	{5, "not_found", "there is no such database, module, lock-out or fault (404)", []error{client.ErrNotFound}},
	{6, "validation", "the server refuses the request (400, 406, 413)", []error{client.ErrInvalid, client.ErrUnsupportedModule, client.ErrTooLarge}},
	{7, "conflict", "the database is busy, the uid is taken, or no import is frozen (409)", []error{client.ErrBusy, client.ErrUIDExists}},
	{9, "rate_limited", "too many requests (429)", []error{client.ErrRateLimited}},
	{17, "unavailable", "clients cannot use the database (503)", []error{client.ErrDatabaseUnavailable}},
	{8, "upstream", "the server failed (5xx), or its answer is not the API's", []error{client.ErrInternal, client.ErrUnavailable, client.ErrUnexpectedStatus, client.ErrUnexpectedBody, client.ErrNoSuchPath}},
	{10, "network", "the server cannot be reached", []error{client.ErrNetwork}},
	{14, "store_damaged", "the store of the server is damaged or missing", []error{store.ErrDamaged}},
	{15, "contract_broken", "reimport conform found a breach of the contract", []error{errContract}},
	{1, "error", "anything else", nil},
}

func exitOf(err error) exit {
	for _, e := range exits {
		for _, target := range e.errs {
			if errors.Is(err, target) {
				return e
			}
		}
	}
	return exits[len(exits)-1]
}

// complaint is the envelope of an error.
type complaint struct {
	Code    string `json:"code"` // the server's, else the name of the exit
	Status  int    `json:"status,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// report says on standard error what went wrong, and returns the exit code. Its text comes in part from the server, so
// people get it without control characters; in JSON they are escaped.
func (a *app) report(err error) int {
	end := exitOf(err)
	said := complaint{Code: end.name, Message: err.Error(), Hint: hint(err)}
	var answer *client.Error
	if errors.As(err, &answer) {
		said.Status = answer.Status
		if answer.Code != "" {
			said.Code = answer.Code
		}
	}
	var refusal *controlError
	if errors.As(err, &refusal) {
		said.Status, said.Code = refusal.status, cmp.Or(string(refusal.code), said.Code)
	}
	if a.asJSON {
		a.sayJSON(map[string]complaint{"error": said})
		return end.code
	}
	fmt.Fprintln(a.errOut, "error:", printable(said.Message))
	if said.Hint != "" {
		fmt.Fprintln(a.errOut, "hint: ", said.Hint)
	}
	return end.code
}

// sayJSON writes a line of JSON to standard error.
func (a *app) sayJSON(value any) {
	line, err := marshal(value)
	if err != nil {
		return
	}
	fmt.Fprint(a.errOut, string(line))
}

// newExitCodesTopic documents exits by ascending code, so that the page cannot say another thing than the table.
func newExitCodesTopic() *cobra.Command {
	lines := make([]string, len(exits)+1)
	lines[0] = "   0  done"
	for _, e := range exits {
		lines[e.code] = fmt.Sprintf("  %2d  %s", e.code, e.meaning)
	}
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "The exit codes of reimport",
		Long: "reimport ends with one of these:\n\n" + strings.Join(lines, "\n") + `

An error goes to standard error, with -o json as one line:
  {"error": {"code": ..., "status": ..., "message": ..., "hint": ...}}
code is the server's error_code where there is one; status is that of HTTP.`,
	}
}
