package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Do calls an operation for which this package has no method, with the credentials, timeouts, retries and errors of the
// others:
//
//	var cluster struct{ Name string }
//	err := c.Do(ctx, http.MethodGet, "/v1/cluster", nil, &cluster)
//
// path is relative to the client's address and may have a query. body is marshalled to JSON and sent unless it is nil;
// bytes that are JSON already are given as a json.RawMessage. The JSON of the answer is unmarshalled into what into points
// to, which may be a json.RawMessage too. If into is nil, the answer may be empty or any JSON. All statuses of 2xx are a
// success.
//
// ErrNotFound is what names a thing that does not exist, ErrNoSuchPath an operation that the server does not have.
// ErrInvalid, without an *Error, is what Do refuses itself. A 409 is repeated like any other.
func (c *Client) Do(ctx context.Context, method, path string, body, into any) error {
	what, _, _ := strings.Cut(path, "?")
	o := call{what: fmt.Sprintf("%.16s %.256s", method, what), anySuccess: true}
	if target := reflect.ValueOf(into); into != nil && (target.Kind() != reflect.Pointer || target.IsNil()) {
		return o.fail(fmt.Errorf("%w: into: expected a pointer", ErrInvalid))
	}
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return o.fail(fmt.Errorf("%w: body: %w", ErrInvalid, err))
		}
	}
	o.build = func(string) (*http.Request, error) { return c.newRequest(method, path, content) }
	answer, err := c.send(ctx, o)
	if err != nil || into == nil && len(bytes.TrimSpace(answer)) == 0 {
		return err
	}
	if into == nil {
		into = new(json.RawMessage)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return o.fail(fmt.Errorf("%w: %w", ErrUnexpectedBody, err))
	}
	return nil
}

func (c *Client) newRequest(method, path string, content []byte) (*http.Request, error) {
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	if !slices.Contains(methods, method) {
		return nil, fmt.Errorf("%w: method: expected one of %s", ErrInvalid, strings.Join(methods, ", "))
	}
	target, err := c.below(path)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if content != nil {
		body = bytes.NewReader(content)
	}
	req, err := http.NewRequest(method, target.String(), body)
	if err == nil && content != nil {
		req.Header.Set("Content-Type", jsonType)
	}
	return req, err
}

// below returns the URL of a path below the client's address. Nothing leads out of there: the credentials go along.
func (c *Client) below(path string) (*url.URL, error) {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" || strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("%w: path: expected one such as /v1/cluster", ErrInvalid)
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return nil, fmt.Errorf("%w: path: expected no . or .. in it", ErrInvalid)
		}
	}
	target := c.base.JoinPath(u.EscapedPath())
	target.RawQuery = u.RawQuery
	return target, nil
}
