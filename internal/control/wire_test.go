package control_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"regexp"
)

var changing = regexp.MustCompile(`(?m)^(Date: .*|X-Request-Id: (\w+-)?\w+)\r$`)

// text returns the bytes of an answer without its time and the number of the request. raw sends the request in one piece over
// a connection of its own, which the client half closes; else the connection is kept for a second request.
func (c *cluster) text(method, path, body string, change func(*http.Request), raw bool) string {
	c.t.Helper()
	conn := c.dial()
	r := c.request(method, path, body, change)
	r.Close = raw
	if err := r.Write(conn); err != nil {
		c.t.Fatal(err)
	}
	if !raw {
		next := c.request("GET", "/healthz", "")
		next.Close = true
		if err := next.Write(conn); err != nil {
			c.t.Fatal(err)
		}
	} else if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		c.t.Fatal(err)
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
