package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrAddress is an address that Dial does not take.
var ErrAddress = errors.New("expected http://host:port, or unix: and the path of a socket")

// Dial returns a client of the controls at an address as reimport serve prints it. It connects with the first request. timeout
// is for each request, the reading of its answer included.
func Dial(address string, timeout time.Duration) (*ClientWithResponses, error) {
	transport := &http.Transport{}
	base := address
	if path, isSocket := strings.CutPrefix(address, "unix:"); isSocket && path != "" {
		base = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	} else if u, err := url.Parse(address); err != nil || u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, ErrAddress
	}
	// A redirect leads away from the controls, which have none.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return NewClientWithResponses(base, WithHTTPClient(&http.Client{Transport: transport, Timeout: timeout, CheckRedirect: stay}))
}
