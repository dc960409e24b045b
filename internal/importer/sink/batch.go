package sink

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// batchSize is the number of bytes that are sent before their replies are awaited: enough to keep a Redis busy, and all that it
// may still do after it has refused something. 64 to 256 KiB are equally fast.
const batchSize = 128 << 10

// batch is commands in RESP, or a part of one, and what the replies to them answer. A command that is spread over batches is
// asked for in the one that ends it.
type batch struct {
	out   []byte
	asked []question
	names []byte // of the questions' keys, one behind the other
}

// question is what one reply answers.
type question struct {
	kind kind
	db   int
	keys int // that a write sets
	end  int // of the first one's name in names
}

type kind byte

const (
	wrote    kind = iota // +OK
	selected             // +OK
	existed              // :1 if the key was there
	library              // $ and its name
)

func newBatch() *batch { return &batch{out: make([]byte, 0, batchSize+1<<10)} }

func (b *batch) reset() { b.out, b.asked, b.names = b.out[:0], b.asked[:0], b.names[:0] }

func (b *batch) full() bool { return len(b.out) >= batchSize }

func (b *batch) ask(k kind, db, keys int, name []byte) {
	b.names = append(b.names, name...)
	b.asked = append(b.asked, question{k, db, keys, len(b.names)})
}

// failed is err about the question i.
func (b *batch) failed(i int, err error) error {
	q, from := b.asked[i], 0
	if i > 0 {
		from = b.asked[i-1].end
	}
	switch {
	case q.kind == selected:
		return fmt.Errorf("database %d: %w", q.db, err)
	case q.kind == library:
		return fmt.Errorf("function library: %w", err)
	case q.keys > 1:
		err = fmt.Errorf("with %d others: %w", q.keys-1, err)
	}
	return &KeyError{DB: q.db, Name: append([]byte(nil), b.names[from:q.end]...), Err: err}
}

func appendArray(out []byte, n int) []byte {
	return append(strconv.AppendInt(append(out, '*'), int64(n), 10), "\r\n"...)
}

func appendLength(out []byte, n int64) []byte {
	return append(strconv.AppendInt(append(out, '$'), n, 10), "\r\n"...)
}

func appendBulk[T string | []byte](out []byte, text T) []byte {
	return append(append(appendLength(out, int64(len(text))), text...), "\r\n"...)
}

// appendInt appends n as a bulk string.
func appendInt(out []byte, n int64) []byte {
	var digits [20]byte
	return appendBulk(out, strconv.AppendInt(digits[:0], n, 10))
}

var errReply = errors.New("expected another reply")

// reply reads one reply and returns its kind and number, or its text if it is an error of the Redis.
func reply(in *bufio.Reader) (kind byte, n int64, refusal string, err error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return 0, 0, "", fmt.Errorf("%w, found one that begins with %.200q", errReply, line)
	}
	if err != nil {
		return 0, 0, "", err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return 0, 0, "", errReply
	}
	text := line[1 : len(line)-2]
	switch kind = line[0]; kind {
	case '+':
	case '-':
		refusal = string(text)
	case ':':
		n, err = strconv.ParseInt(string(text), 10, 64)
	case '$':
		if n, err = strconv.ParseInt(string(text), 10, 32); err == nil && n >= 0 {
			_, err = io.CopyN(io.Discard, in, n+2)
		}
	default:
		err = fmt.Errorf("%w, found %.20q", errReply, line)
	}
	return kind, n, refusal, err
}

// answers reports whether a reply of the kind c is one to q.
func (q question) answers(c byte) bool {
	switch q.kind {
	case existed:
		return c == ':'
	case library:
		return c == '$'
	}
	return c == '+'
}
