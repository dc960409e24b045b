package conform

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/control/api"
)

// The users of a set-up. Their password is the run's own.
const (
	adminUser  = "admin@conform.example.com"
	viewerUser = "viewer@conform.example.com"
	nobodyUser = "nobody@conform.example.com"
)

//go:embed set-up.yaml
var setUp string

// standing are the databases of the set-up.
var standing = map[need]int{runningImport: 1, runningBackup: 2, pendingChange: 3, lackingModule: 4, lostDatabase: 5}

// controls are those of the emulator that the run has set up for itself.
type controls struct {
	client *api.ClientWithResponses
	before []byte // the state to put back
}

// takeOver replaces what the server holds by the set-up of the run.
func (r *run) takeOver(ctx context.Context) error {
	c, err := api.Dial(r.server.Controls, r.options.Timeout)
	if err != nil {
		return fmt.Errorf("controls: %w", err)
	}
	dump, err := c.DumpStateWithResponse(ctx)
	if err == nil {
		err = done(dump.HTTPResponse, dump.Body)
	}
	if err != nil {
		return fmt.Errorf("controls: read the state to put back: %w", err)
	}
	r.controls = &controls{c, dump.Body}
	password := rand.Text()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost) // nobody guesses 130 random bits
	if err != nil {
		return err
	}
	if err := r.controls.load(ctx, strings.ReplaceAll(setUp, "PASSWORD_HASH", string(hash))); err != nil {
		return fmt.Errorf("controls: set the server up: %w", err)
	}
	r.staged = standing
	s := &r.server
	s.User, s.Password, s.Viewer, s.ViewerPassword = adminUser, password, viewerUser, password
	return r.connect()
}

// load replaces all that the server holds by what a seed file says.
func (c *controls) load(ctx context.Context, seed string) error {
	loaded, err := c.client.LoadStateWithBodyWithResponse(ctx, "application/yaml", strings.NewReader(seed))
	if err != nil {
		return err
	}
	return done(loaded.HTTPResponse, loaded.Body)
}

// script says how the next import into a database goes.
func (c *controls) script(ctx context.Context, uid int, next ...api.Script) error {
	set, err := c.client.SetScriptsWithResponse(ctx, uid, api.Scripts{ImportScripts: next})
	if err != nil {
		return err
	}
	return done(set.HTTPResponse, set.Body)
}

func (c *controls) release(ctx context.Context, uid int) error {
	released, err := c.client.ReleaseImportWithResponse(ctx, uid)
	if err != nil {
		return err
	}
	return done(released.HTTPResponse, released.Body)
}

func done(resp *http.Response, body []byte) error {
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %.500s", resp.Status, body)
	}
	return nil
}

var errNotStaged = errors.New("the server has no database in this state")
