package dataset

import (
	"bufio"
	"io"
	"math/rand/v2"
	"strconv"
)

// commands writes commands in the protocol of Redis.
type commands struct {
	w     *bufio.Writer
	n     int64
	rng   *rand.Rand
	noise []byte

	args []byte // of the command that grows
	argc int
	word []byte // of its next argument
}

func newCommands(w io.Writer) *commands {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	c := &commands{w: bufio.NewWriterSize(w, 256<<10), rng: rng, noise: make([]byte, 1<<20)}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	for i := range c.noise {
		c.noise[i] = letters[c.rng.IntN(len(letters))]
	}
	return c
}

// begin begins a command, which send ends.
func (c *commands) begin(words ...string) {
	c.args, c.argc = c.args[:0], 0
	for _, w := range words {
		c.add([]byte(w))
	}
}

func (c *commands) add(arg []byte) {
	c.args = head(c.args, '$', len(arg))
	c.args = append(append(c.args, arg...), "\r\n"...)
	c.argc++
}

func (c *commands) send() {
	_, _ = c.w.Write(head(c.w.AvailableBuffer(), '*', c.argc)) // Flush returns the error
	_, _ = c.w.Write(c.args)
	c.n++
}

func head(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), "\r\n"...)
}

// number adds prefix and i as one argument.
func (c *commands) number(prefix string, i int) {
	c.word = strconv.AppendInt(append(c.word[:0], prefix...), int64(i), 10)
	c.add(c.word)
}

// text adds as many bytes as size says, which do not compress.
func (c *commands) text(size int) {
	at := c.rng.IntN(len(c.noise) - size + 1)
	c.add(c.noise[at : at+size])
}

// between returns a number from least to most.
func (c *commands) between(least, most int) int { return least + c.rng.IntN(most-least+1) }
