package client

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// ErrScheme is an ErrNetwork: http:// was used for a port that speaks TLS, or https:// for one that does not. The error
// says which.
var ErrScheme = fmt.Errorf("%w: the scheme of its address is wrong", ErrNetwork)

// trusting returns t, or the default transport for nil, with the options about certificates applied.
func (o *options) trusting(t http.RoundTripper) (http.RoundTripper, error) {
	if t == nil {
		t = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 4, IdleConnTimeout: 90 * time.Second,
		}
	}
	if o.caFile == "" && !o.insecure {
		return t, nil
	}
	known, ok := t.(*http.Transport)
	if !ok || known.DialTLSContext != nil {
		return nil, fmt.Errorf("%w: the transport of WithHTTPClient brings its own TLS settings", ErrOption)
	}
	copied := known.Clone()
	if copied.TLSClientConfig == nil {
		copied.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	copied.TLSClientConfig.InsecureSkipVerify = o.insecure
	if o.caFile == "" {
		return copied, nil
	}
	pem, err := os.ReadFile(o.caFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	copied.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !copied.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: %s holds no PEM certificate", ErrCA, o.caFile)
	}
	return copied, nil
}

const useHTTPS = "the server speaks TLS at this port: use https://"

// lost returns the error for a request that got no answer. A server that is spoken to in the wrong scheme answers in its
// own, breaks off, or is silent.
func (c *Client) lost(err error) error {
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return fmt.Errorf("%w: %s does not speak TLS at this port: use http:// (%w)", ErrScheme, c.base.Host, err)
	case c.base.Scheme == "http" && strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`):
		return fmt.Errorf("%w: %s: %s", ErrScheme, c.base.Host, useHTTPS)
	case c.base.Scheme == "http" && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		return fmt.Errorf("%w at %s: it closed the connection; if it speaks TLS, use https:// (%w)", ErrNetwork, c.base.Host, err)
	}
	return fmt.Errorf("%w at %s: %w", ErrNetwork, c.base.Host, err)
}

// asksForTLS reports that a 400 is the page which Go, nginx and Apache have for a client that speaks no TLS.
func (c *Client) asksForTLS(status int, body []byte) bool {
	return c.base.Scheme == "http" && status == http.StatusBadRequest &&
		(bytes.Contains(body, []byte("HTTPS")) || bytes.Contains(body, []byte("SSL-enabled server port")))
}
