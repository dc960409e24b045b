package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A Client calls one server. It is safe for concurrent use.
type Client struct {
	options
	base *url.URL // its path ends with a slash
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
	c := &Client{options: defaults(), base: base}
	for _, opt := range opts {
		opt(&c.options)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.transport, err = c.trusting(c.transport); err != nil {
		return nil, err
	}
	return c, nil
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
	if !strings.HasSuffix(u.Path, "/") {
		u = u.JoinPath("/")
	}
	return u, nil
}

// roundTrip sends req by itself, not through an http.Client, which would follow redirects.
func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	if c.jar == nil {
		return c.transport.RoundTrip(req)
	}
	for _, cookie := range c.jar.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	resp, err := c.transport.RoundTrip(req)
	if err == nil {
		c.jar.SetCookies(req.URL, resp.Cookies())
	}
	return resp, err
}

func (o *options) check() error {
	switch {
	case o.timeout <= 0:
		return fmt.Errorf("%w: the timeout is not positive", ErrOption)
	case o.retryFor < 0:
		return fmt.Errorf("%w: the time to retry for is negative", ErrOption)
	case strings.Contains(o.user, ":"):
		return fmt.Errorf("%w: HTTP Basic has no user names with a colon", ErrOption)
	}
	return nil
}

// What New refuses.
var (
	ErrAddress = errors.New("address of the server")
	ErrCA      = errors.New("CA certificates")
	ErrOption  = errors.New("option of the client")
)
