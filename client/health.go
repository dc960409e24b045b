package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Health asks a reimport server whether it serves requests, which needs no credentials. Redis Software has no such path.
//
// Errors: ErrUnavailable if the server is about to end or cannot write changes, which the *Error's Description then says,
// and those of any call.
func (c *Client) Health(ctx context.Context) error {
	o := call{
		what: "health",
		build: func(base string) (*http.Request, error) {
			return http.NewRequest(http.MethodGet, base+"healthz", nil)
		},
		read: func(body io.Reader) error {
			_, err := io.Copy(io.Discard, body)
			return err
		},
	}
	_, err := c.attempt(ctx, o)
	if err == nil {
		return nil
	}
	var answer *Error
	if errors.As(err, &answer) && answer.Status == http.StatusServiceUnavailable && answer.Description == "" {
		answer.Description, _, _ = strings.Cut(string(answer.Body), "\n")
	}
	return o.fail(err)
}
