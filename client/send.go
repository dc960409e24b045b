package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const (
	maxBody      = 16 << 20
	maxErrorBody = 64 << 10
)

// request builds and sends a request anew each time it is called.
type request func(context.Context) (*http.Response, error)

// send returns the body of a 200. It asks again while the database is busy, as the options allow.
func (c *Client) send(ctx context.Context, send request) ([]byte, error) {
	start := c.now()
	for attempt := 0; ; attempt++ {
		body, err := c.attempt(ctx, send)
		pause, again := c.pause(err, attempt)
		if !again || c.now().Add(pause).Sub(start) > c.retryFor {
			return body, err
		}
		c.onRetry(err, pause)
		if gaveUp := c.sleep(ctx, pause); gaveUp != nil {
			return nil, fmt.Errorf("%w while trying again after: %w", gaveUp, err)
		}
	}
}

func (c *Client) attempt(ctx context.Context, send request) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := send(limited)
	if err != nil {
		return nil, c.explain(ctx, limited, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		// The status says enough where the rest does not arrive.
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return nil, newError(resp, body)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, c.explain(ctx, limited, fmt.Errorf("%w at %s: %w", ErrNetwork, c.host, err))
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%w: it is larger than %d MiB", ErrUnexpectedBody, maxBody>>20)
	}
	return body, nil
}

// explain tells a caller who gave up from a server that was too slow, and both from a network that failed.
func (c *Client) explain(ctx, limited context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the request to %s was given up: %w", c.host, ctx.Err())
	}
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer from %s within %s: %w", c.host, c.timeout, limited.Err())
	}
	return err
}

// decode reads the JSON of a 200. It takes what send returns.
func decode[T any](body []byte, err error) (T, error) {
	var value T
	if err != nil {
		return value, err
	}
	if string(bytes.TrimSpace(body)) == "null" {
		return value, fmt.Errorf("%w: it is null", ErrUnexpectedBody)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		var zero T
		return zero, fmt.Errorf("%w: %w", ErrUnexpectedBody, err)
	}
	return value, nil
}

// done reads a 200 that has nothing to say: an empty body by the contract, or any JSON object, since a cluster may
// differ. A page of a proxy's is neither, and no success.
func done(body []byte, err error) error {
	if err == nil && len(bytes.TrimSpace(body)) > 0 {
		_, err = decode[map[string]json.RawMessage](body, nil)
	}
	return err
}
