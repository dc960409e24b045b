// Package dataset makes Redis datasets of known content, in any size, to test imports with and to measure them. It makes
// them as commands. A server that ran them saves an RDB file with just the encodings and the compression of its version.
package dataset

import (
	"bufio"
	"fmt"
	"io"
	"net"
)

// Dataset is the content of one database, the same each time.
type Dataset struct {
	Keys  int // that it has
	write func(*commands)
}

// Small returns n strings of 32 to 95 bytes, under names of 16. It takes 83 bytes a key in an RDB file: 83 MB for a million keys.
func Small(n int) Dataset { return Dataset{n, func(c *commands) { c.small(n) }} }

// Mixed returns n keys of all types and of the sizes that a service would have. A quarter has an expiry, years from now. It takes
// about 430 bytes a key in an RDB file: 600 MB for 1.4 million keys.
func Mixed(n int) Dataset { return Dataset{n, func(c *commands) { c.mixed(n) }} }

// Huge returns a key of each type, with n elements or fewer of the costlier types, and four strings of 8n bytes. It takes about
// 155n bytes in an RDB file: 620 MB for 4 million.
func Huge(n int) Dataset { return Dataset{9, func(c *commands) { c.huge(n) }} }

// Write writes the commands that make the dataset to w, as a client sends them to a server, and returns their number.
func (d Dataset) Write(w io.Writer) (int64, error) {
	c := newCommands(w)
	d.write(c)
	return c.n, c.w.Flush() // which returns any error before
}

// Fill makes the dataset in the server at the TCP address addr, which needs no password.
func (d Dataset) Fill(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	replies := make(chan error, 1)
	go func() { replies <- readReplies(conn) }()
	c := newCommands(conn)
	d.write(c)
	c.begin("QUIT")
	c.send()
	if err := c.w.Flush(); err != nil {
		return err
	}
	return <-replies
}

// readReplies reads the replies of a server until it ends the connection, and returns the first that is an error.
func readReplies(conn net.Conn) error {
	var failed error
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if line := lines.Bytes(); failed == nil && len(line) > 0 && line[0] == '-' {
			failed = fmt.Errorf("the server answered: %s", line[1:])
		}
	}
	if failed == nil {
		failed = lines.Err()
	}
	return failed
}
