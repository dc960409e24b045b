package control_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
)

var changing = regexp.MustCompile(`(?m)^(Date: .*|X-Request-Id: (\w+-)?\w+)\r$`)

// text returns the bytes of an answer without its time and the number of the request. With keepAlive they are followed by those
// of a second answer on the same connection.
func (c *cluster) text(method, path, body string, change func(*http.Request), keepAlive bool) string {
	c.t.Helper()
	conn := c.dial()
	requests := []*http.Request{c.request(method, path, body, change)}
	if keepAlive {
		requests = append(requests, c.request("GET", "/healthz", ""))
	}
	requests[len(requests)-1].Close = true
	for _, r := range requests {
		if err := r.Write(conn); err != nil {
			c.t.Fatal(err)
		}
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(changing.ReplaceAllFunc(all, func(line []byte) []byte {
		if name, id, ok := bytes.Cut(line, []byte(": ")); ok && string(name) == "X-Request-Id" {
			prefix, _, _ := bytes.Cut(id, []byte("-"))
			return append([]byte("X-Request-Id: "), prefix...)
		}
		return []byte("Date")
	}))
}
