package conform

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/secret"
)

// How long a run waits: for one answer, for a database to become idle, and for its own databases to go at the end.
const (
	defaultTimeout = 30 * time.Second
	settleTime     = 2 * time.Minute
	closeTime      = 3 * time.Minute
)

// run is one run of the suite.
type run struct {
	server   Server
	options  Options
	contract *contract.Contract
	base     *url.URL
	door     *door
	client   *client.Client // for what cases need; it goes through the door too
	tag      string         // in the names of all databases that the run creates
	created  int            // names given out

	ours     bool              // the server is reimport
	redis    bool              // it is, and runs a Redis for each new database, so that their changes take a while
	uid      int               // a database to look at, and to change if the run may; 0 until one is needed
	absent   int               // a uid that no database has
	staged   map[need]int      // databases in states that only a set-up brings about
	controls *controls         // nil without any
	alerts   bool              // email_alerts of the run\'s database, which updates send back
	brief    bool              // imports from an address that no host has end at once
	left     map[string]object // what the variants of an operation have left as it was
	dryRuns  map[string]error  // what came of a dry run, by operation
	stuck    map[int]bool      // databases on which something ran that did not end in settleTime
	mask     secret.Mask
	notes    []string // what answers have beyond the contract
}

func newRun(s Server, o Options) (*run, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	c, err := contract.Load()
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(s.URL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("%w: expected http(s)://host[:port]", client.ErrAddress)
	}
	tag := "conform-" + strings.ToLower(rand.Text()[:10])
	r := &run{server: s, options: o, contract: c, base: base, tag: tag, left: map[string]object{}, dryRuns: map[string]error{}, stuck: map[int]bool{}}
	r.door = &door{
		next: s.transport(), base: base, readOnly: s.ReadOnly, all: s.Controls != "", create: s.Create || s.Controls != "", tag: tag, own: map[string]bool{},
	}
	r.options.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	return r, r.connect()
}

// connect makes the client that cases get what they need with.
func (r *run) connect() (err error) {
	r.mask.Learn(r.server.Password)
	r.mask.Learn(r.server.ViewerPassword)
	r.client, err = r.clientOf(r.server.User, r.server.Password)
	return err
}

func (r *run) clientOf(user, password string) (*client.Client, error) {
	return client.New(r.server.URL, client.WithHTTPClient(&http.Client{Transport: r.door}), client.WithTimeout(r.options.Timeout),
		client.WithBasicAuth(user, password), client.WithUserAgent(userAgent+" set-up"), client.WithRetry(0))
}

// userAgent is that of the requests of cases; those that bring about what they need say so.
const userAgent = "reimport-conform"

func (s Server) check() error {
	switch {
	case s.UID < 0 || s.UID > math.MaxInt32:
		return fmt.Errorf("uid: expected a number from 1 to %d", math.MaxInt32)
	case s.ReadOnly && (s.Create || s.Controls != ""):
		return errors.New("a run that is read-only creates nothing and uses no controls")
	case !s.ReadOnly && !s.Create && s.UID == 0 && s.Controls == "":
		return errors.New("say what the run may change: a database of its own, a database that exists, or nothing")
	}
	return nil
}

func (s Server) transport() http.RoundTripper {
	if s.Transport != nil {
		return s.Transport
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.CA}
	config.InsecureSkipVerify = s.Insecure
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, TLSClientConfig: config,
	}
}

// open finds out what the server is, and prepares what all cases need.
func (r *run) open(ctx context.Context) error {
	if r.server.UID != 0 {
		r.own(r.server.UID)
	}
	if r.server.Controls != "" {
		if err := r.takeOver(ctx); err != nil {
			return err
		}
	}
	var err error
	if r.ours, err = r.isOurs(ctx); err != nil {
		return err
	}
	if r.absent, err = r.findAbsent(ctx); err != nil {
		return err
	}
	r.own(r.absent)
	return r.checkViewer(ctx)
}

// checkViewer logs the viewer in once: with a wrong password, the cases would lock the user out.
func (r *run) checkViewer(ctx context.Context) error {
	if r.server.Viewer == "" {
		return nil
	}
	viewer, err := r.clientOf(r.server.Viewer, r.server.ViewerPassword)
	if err == nil {
		_, err = viewer.ListDatabases(ctx, "uid")
	}
	if err != nil {
		return fmt.Errorf("log in as the viewer: %w", err)
	}
	return nil
}

// isOurs reports whether the server serves the contract that it is held to, which no other does.
func (r *run) isOurs(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base.JoinPath("openapi.json").String(), nil)
	if err != nil {
		return false, err
	}
	resp, err := r.door.RoundTrip(req)
	if err != nil {
		return false, fmt.Errorf("%w: %w", client.ErrNetwork, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var doc struct{ Info struct{ Title string } }
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return err == nil && json.Unmarshal(text, &doc) == nil && doc.Info.Title == r.contract.Doc.Info.Title, nil
}

// findAbsent returns a uid that no database has: a high one, so that a cluster does not give it to a new database meanwhile.
func (r *run) findAbsent(ctx context.Context) (int, error) {
	for uid := math.MaxInt32 - 1; uid > math.MaxInt32-100; uid-- {
		_, err := r.client.GetDatabase(ctx, uid, "uid")
		switch {
		case errors.Is(err, client.ErrNotFound):
			return uid, nil
		case err != nil:
			return 0, fmt.Errorf("find a uid that no database has: %w", err)
		}
	}
	return 0, errors.New("find a uid that no database has: the highest hundred are taken")
}

// own lets the run change a database, and paths to it in spellings that a server must not take for it.
func (r *run) own(uid int) {
	r.door.allow(strconv.Itoa(uid))
	for _, hostile := range hostileUIDs {
		r.door.allow(hostile.spell(uid))
	}
}

// newName returns a name for a database of the run.
func (r *run) newName() string {
	r.created++
	return fmt.Sprintf("%s-%d", r.tag, r.created)
}

// close deletes what the run has created, even if ctx has ended: the databases with the run's name. It goes by the list, as
// an answer may have been lost or a lie.
func (r *run) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if c := r.controls; c != nil {
		if err := c.load(ctx, string(c.before)); err != nil {
			return fmt.Errorf("controls: put back what the server held: %w", err)
		}
		return nil
	}
	if !r.server.Create {
		return nil
	}
	all, err := r.client.ListDatabases(ctx, "uid", "name")
	if err != nil {
		return fmt.Errorf("look for databases with %s in their names to delete: %w", r.tag, err)
	}
	var failed error
	for _, db := range all {
		if strings.Contains(db.Name, r.tag) {
			failed = errors.Join(failed, r.remove(ctx, db.UID))
		}
	}
	return failed
}

// remove deletes a database of the run once nothing runs on it.
func (r *run) remove(ctx context.Context, uid int) error {
	r.own(uid)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		_, err := r.client.DeleteDatabase(ctx, uid)
		if err == nil && r.redis {
			continue // until it is gone
		}
		if err == nil || errors.Is(err, client.ErrNotFound) {
			return nil
		}
		if !errors.Is(err, client.ErrBusy) {
			return err
		}
		if pause(ctx, wait) != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
