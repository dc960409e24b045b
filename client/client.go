package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

// A Client calls one server. It is safe for concurrent use.
type Client struct {
	options
	api  *api.Client
	host string
}

// New returns a client of the server at address, an http or https URL such as https://cluster.example.com:9443. It
// sends nothing yet.
//
// Its errors are ErrAddress, ErrCA and ErrOption. Credentials in address are refused, because URLs end up in logs: use
// WithBasicAuth.
func New(address string, opts ...Option) (*Client, error) {
	base, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	c := &Client{options: defaults(), host: base.Host}
	for _, opt := range opts {
		opt(&c.options)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.transport == nil {
		if c.transport, err = newTransport(c.caFile, c.insecure); err != nil {
			return nil, err
		}
	}
	c.api, err = api.NewClient(base.String(), api.WithHTTPClient(doer{c}))
	return c, err
}

// parseAddress never repeats address in an error: there may be a password in it.
func parseAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: expected http(s)://host[:port]", ErrAddress)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%w: expected it to begin with https:// or http://", ErrAddress)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%w: the host is missing", ErrAddress)
	case u.User != nil:
		return nil, fmt.Errorf("%w: user and password do not belong in it", ErrAddress)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%w: it ends with a query or a fragment", ErrAddress)
	}
	return u, nil
}

// doer sends the requests that gen/api builds. It uses the transport without an http.Client, which would follow
// redirects.
type doer struct{ c *Client }

func (d doer) Do(req *http.Request) (*http.Response, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", d.c.userAgent)
	if d.c.user != "" {
		req.SetBasicAuth(d.c.user, d.c.password)
	}
	resp, err := d.c.transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("%w at %s: %w", ErrNetwork, d.c.host, err)
	}
	return resp, nil
}

func (o *options) check() error {
	switch {
	case o.timeout <= 0:
		return fmt.Errorf("%w: the timeout is not positive", ErrOption)
	case o.retryFor < 0:
		return fmt.Errorf("%w: the time to retry for is negative", ErrOption)
	case strings.Contains(o.user, ":"):
		return fmt.Errorf("%w: HTTP Basic has no user names with a colon", ErrOption)
	case o.transport != nil && (o.caFile != "" || o.insecure):
		return fmt.Errorf("%w: WithTransport brings its own TLS settings", ErrOption)
	}
	return nil
}

// What New refuses.
var (
	ErrAddress = errors.New("address of the server")
	ErrCA      = errors.New("CA certificates")
	ErrOption  = errors.New("option of the client")
)
