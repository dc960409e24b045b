package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/internal/control/api"
)

// controlsURL is the twin of --controls in the environment. REIMPORT_CONTROLS is the address that serve is to listen on.
const controlsURL = "REIMPORT_CONTROLS_URL"

// controls is how to reach the controls of a server.
type controls struct {
	url     string
	timeout span
}

func newControlCommand(a *app) *cobra.Command {
	c := &a.controls
	cmd := group("control", "Have an emulated cluster do what a test needs",
		newControlResetCommand(a), newControlLoadCommand(a), newControlDumpCommand(a), newControlHealthCommand(a),
		newControlClockCommand(a), newControlFaultCommand(a), newControlScriptCommand(a), newControlReleaseCommand(a), newControlTraceCommand(a))
	cmd.Long = `Have an emulated cluster do what a test needs. The server is one that reimport serve --controls runs on this machine, and
that prints the URL of its controls behind controls. They ask for no credentials. Programs in any language can call them: their
contract is at /openapi.json below that URL.`
	c.timeout.Duration = 30 * time.Second
	f := cmd.PersistentFlags()
	f.StringVar(&c.url, "controls", "", "`URL` of the controls, http: with an address or unix: with the path of a socket ("+controlsURL+")")
	f.Var(&c.timeout, "timeout", "longest `time` that one request may take")
	a.output.register(cmd)
	return cmd
}

// controlCall is a verb of control at work.
type controlCall struct {
	*app
	*api.ClientWithResponses
	args []string
}

// controlVerb makes a command that calls the controls.
func (a *app) controlVerb(cmd *cobra.Command, do func(context.Context, controlCall) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.output.check(); err != nil {
			return err
		}
		c, err := a.dialControls(cmd.Flags())
		if err != nil {
			return err
		}
		return do(cmd.Context(), controlCall{a, c, args})
	}
	return cmd
}

func (a *app) dialControls(flags *pflag.FlagSet) (*api.ClientWithResponses, error) {
	address, origin := a.controls.url, "--controls"
	if !flags.Changed("controls") {
		address, _ = a.lookup(controlsURL)
		origin = controlsURL
	}
	const hint = "reimport serve --controls 127.0.0.1:0 prints the URL of its controls"
	if address == "" {
		return nil, withHint(configError(errors.New("--controls or "+controlsURL+" is missing")), hint)
	}
	c, err := api.Dial(address, a.controls.timeout.Duration)
	if err != nil {
		return nil, withHint(configError(fmt.Errorf("%s: %w", origin, err)), hint)
	}
	return c, nil
}

// controlAnswer is what the generated client returns.
type controlAnswer interface {
	StatusCode() int
	GetBody() []byte
}

// answered returns what a call of the controls has returned, or why it has failed.
func answered[T controlAnswer](r T, err error) (T, error) {
	switch {
	case errors.Is(err, context.Canceled):
		return r, fmt.Errorf("the request to the controls was given up: %w", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return r, fmt.Errorf("no answer from the controls in time: %w", context.DeadlineExceeded)
	case err != nil:
		return r, withHint(fmt.Errorf("%w: %w", client.ErrNetwork, err), "is the server running, with --controls? --controls or "+controlsURL+" says where they are")
	case r.StatusCode()/100 == 2:
		return r, nil
	}
	var said api.Error
	_ = json.Unmarshal(r.GetBody(), &said) // what is no answer of the controls has no code
	refusal := &controlError{r.StatusCode(), api.ErrorCode(said.ErrorCode), said.Description}
	return r, refusal.hinted()
}

// result returns the value in an answer of the controls, or why there is none.
func result[T any](r interface {
	controlAnswer
	GetJSON200() *T
}, err error) (*T, error) {
	if r, err = answered(r, err); err != nil {
		return nil, err
	}
	value := r.GetJSON200()
	if value == nil { // whoever has answered is not the controls
		err = (&controlError{status: r.StatusCode(), description: "the answer is not that of the controls"}).hinted()
	}
	return value, err
}

// controlError is a refusal of the controls.
type controlError struct {
	status      int
	code        api.ErrorCode
	description string
}

func (e *controlError) Error() string {
	return fmt.Sprintf("%s (%d %s)", cmp.Or(e.description, http.StatusText(e.status)), e.status, cmp.Or(e.code, "without a code"))
}

// Unwrap returns what decides on the exit code.
func (e *controlError) Unwrap() error {
	switch e.code {
	case api.ErrorCodeFaultNotExist:
		return client.ErrNotFound
	case api.ErrorCodeNotFrozen:
		return client.ErrBusy
	case api.ErrorCodeInternalError:
		return client.ErrInternal
	case "", api.ErrorCodeNotFound, api.ErrorCodeMethodNotAllowed:
		return client.ErrNoSuchPath
	}
	return client.ErrInvalid
}

// hinted says what to do about it.
func (e *controlError) hinted() error {
	switch e.code {
	case api.ErrorCodeFaultNotExist:
		return withHint(e, "reimport control fault list shows what there is")
	case api.ErrorCodeNotFrozen:
		return withHint(e, "an import stands still if its script says so: reimport control script set UID pace=frozen")
	case api.ErrorCodeForeignHost:
		return withHint(e, "the controls answer to localhost and to loopback addresses alone")
	case "", api.ErrorCodeNotFound, api.ErrorCodeMethodNotAllowed:
		return withHint(e, "check --controls: it is what reimport serve prints behind controls, not the URL of the API")
	}
	return e
}

// did prints what was done.
func (a *app) did(result string) error {
	return a.print(struct {
		Result string `json:"result"`
	}{result}, "result")
}
