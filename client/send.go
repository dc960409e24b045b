package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	maxBody      = 16 << 20
	maxErrorBody = 64 << 10
)

// A call is one operation on one thing.
type call struct {
	what       string // begins its errors: "delete database 7"
	build      func(base string) (*http.Request, error)
	anySuccess bool // all of 2xx, not 200 alone
}

// fail returns err with the name of the call.
func (o call) fail(err error) error { return fmt.Errorf("%s: %w", o.what, err) }

// An Attempt is one request, for the log. It has neither headers nor bodies.
type Attempt struct {
	Method   string
	Path     string // without the query
	Status   int    // 0 if no answer came
	Duration time.Duration
	Err      error // nil after a success
}

// LogValue makes an Attempt a group of attributes.
func (a Attempt) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("method", a.Method), slog.String("path", a.Path), slog.Int("status", a.Status), slog.Duration("duration", a.Duration),
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", a.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// send returns the body of a success. It asks again while the database is busy, as the options allow.
func (c *Client) send(ctx context.Context, o call) ([]byte, error) {
	start := c.now()
	for attempt := 0; ; attempt++ {
		body, err := c.attempt(ctx, o)
		if err == nil {
			return body, nil
		}
		pause, again := c.pause(err, attempt)
		if !again || c.now().Add(pause).Sub(start) > c.retryFor {
			return nil, o.fail(err)
		}
		c.onRetry(o.fail(err), pause)
		if gaveUp := c.sleep(ctx, pause); gaveUp != nil {
			return nil, o.fail(fmt.Errorf("%w while trying again after: %w", gaveUp, err))
		}
	}
}

func (c *Client) attempt(ctx context.Context, o call) ([]byte, error) {
	req, err := o.build(c.base.String())
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	start := c.now()
	status, body, err := c.exchange(req.WithContext(limited), o.anySuccess)
	if errors.Is(err, ErrNetwork) {
		err = c.explain(ctx, limited, err)
	}
	c.onAttempt(ctx, Attempt{req.Method, req.URL.Path, status, c.now().Sub(start), err})
	return body, err
}

// exchange sends req once. It returns the status, 0 if no answer came, and the body of a success.
func (c *Client) exchange(req *http.Request, anySuccess bool) (int, []byte, error) {
	resp, err := c.roundTrip(req)
	if err != nil {
		return 0, nil, c.lost(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK && (!anySuccess || resp.StatusCode/100 != 2) {
		// The status says enough if the rest does not arrive.
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return resp.StatusCode, nil, c.newError(resp, req.URL.Path, body)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return resp.StatusCode, nil, fmt.Errorf("%w at %s: %w", ErrNetwork, c.base.Host, err)
	}
	if len(body) > maxBody {
		return resp.StatusCode, nil, fmt.Errorf("%w: it is larger than %d MiB", ErrUnexpectedBody, maxBody>>20)
	}
	return resp.StatusCode, body, nil
}

// explain tells a caller who gave up from a server that was too slow, and both from a network that failed.
func (c *Client) explain(ctx, limited context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the request to %s was given up: %w", c.base.Host, ctx.Err())
	}
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer from %s within %s: %w", c.base.Host, c.timeout, limited.Err())
	}
	return err
}

// ask sends a call whose answer is JSON.
func ask[T any](ctx context.Context, c *Client, o call) (value T, err error) {
	body, err := c.send(ctx, o)
	if err != nil {
		return value, err
	}
	if value, err = decode[T](body); err != nil {
		return value, o.fail(err)
	}
	return value, nil
}

// do sends a call whose answer has nothing to say: an empty body by the contract, or any JSON object, since a cluster may
// differ. A page of a proxy's is neither, and no success.
func (c *Client) do(ctx context.Context, o call) error {
	body, err := c.send(ctx, o)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if _, err := decode[members](body); err != nil {
		return o.fail(err)
	}
	return nil
}

// decode reads the JSON of a success.
func decode[T any](body []byte) (T, error) {
	var value, zero T
	if string(bytes.TrimSpace(body)) == "null" {
		return zero, fmt.Errorf("%w: it is null", ErrUnexpectedBody)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		return zero, fmt.Errorf("%w: %w", ErrUnexpectedBody, err)
	}
	return value, nil
}
