package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// The sizes in bytes up to which answers are read. 100,000 databases with all of their fields take 400 MiB.
const (
	maxBody      = 16 << 20
	maxList      = 1 << 30
	maxErrorBody = 64 << 10
)

// A call is one operation on one thing.
type call struct {
	what       string // begins its errors: "delete database 7"
	build      func(base string) (*http.Request, error)
	anySuccess bool // all of 2xx, not 200 alone

	// read reads the body of a success, up to maxList, as it comes; if it is nil, send returns the body.
	read func(body io.Reader) error
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
	status, body, err := c.exchange(req.WithContext(limited), o)
	if errors.Is(err, ErrNetwork) {
		err = c.explain(ctx, limited, err)
	}
	c.onAttempt(ctx, Attempt{req.Method, req.URL.Path, status, c.now().Sub(start), err})
	return body, err
}

// exchange sends req once. It returns the status, 0 if no answer came, and the body of a success.
func (c *Client) exchange(req *http.Request, o call) (int, []byte, error) {
	resp, err := c.roundTrip(req)
	if err != nil {
		return 0, nil, c.lost(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK && (!o.anySuccess || resp.StatusCode/100 != 2) {
		// The status says enough if the rest does not arrive.
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return resp.StatusCode, nil, c.newError(resp, req.URL.Path, body)
	}
	body, err := o.readFrom(resp.Body)
	if broken := new(brokenError); errors.As(err, &broken) {
		err = fmt.Errorf("%w at %s: %w", ErrNetwork, c.base.Host, broken.cause)
	}
	return resp.StatusCode, body, err
}

func (o call) readFrom(body io.Reader) ([]byte, error) {
	if o.read != nil {
		return nil, o.read(&answer{body: body, limit: maxList, left: maxList})
	}
	return io.ReadAll(&answer{body: body, limit: maxBody, left: maxBody})
}

// answer is the body of a success. Its errors, but for io.EOF, are ErrUnexpectedBody, if it is too large, or a brokenError:
// whoever decodes it could take an answer that ends early for one that is wrong.
type answer struct {
	body        io.Reader
	limit, left int // bytes
}

type brokenError struct{ cause error }

func (e *brokenError) Error() string { return e.cause.Error() }

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.body.Read(p[:min(len(p), a.left+1)])
	if n > a.left {
		return 0, fmt.Errorf("%w: it is larger than %d MiB", ErrUnexpectedBody, a.limit>>20)
	}
	a.left -= n
	if err != nil && err != io.EOF {
		err = &brokenError{err}
	}
	return n, err
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

// readList reads a JSON list item by item. Many databases are in memory once, not also as the text of them all.
func readList[T any](body io.Reader) ([]T, error) {
	d := json.NewDecoder(body)
	start, err := d.Token()
	if err == nil && start != json.Delim('[') {
		err = errors.New("expected a list")
	}
	list := []T{}
	for err == nil && d.More() {
		var item T
		err = d.Decode(&item)
		list = append(list, item)
	}
	if err == nil {
		_, err = d.Token()
	}
	if err == nil {
		if _, err = d.Token(); err == io.EOF { //nolint:errorlint // as the decoder returns it
			return list, nil
		}
		err = cmp.Or(err, errors.New("there is more behind the list"))
	}
	return nil, fmt.Errorf("%w: %w", ErrUnexpectedBody, err)
}
