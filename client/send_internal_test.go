package client

import (
	"errors"
	"io"
	"testing"
)

// zeros is a body of so many bytes.
type zeros int

func (z *zeros) Read(p []byte) (int, error) {
	n := min(len(p), int(*z))
	if *z -= zeros(n); n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestSizesOfAnswers: an answer may be as large as its kind, and no larger.
func TestSizesOfAnswers(t *testing.T) {
	list := func(body io.Reader) error {
		_, err := io.CopyBuffer(io.Discard, body, make([]byte, 1<<20))
		return err
	}
	for name, c := range map[string]struct {
		call  call
		limit int
	}{"one": {call{}, maxBody}, "list": {call{read: list}, maxList}} {
		for _, more := range []int{0, 1} {
			if _, err := c.call.readFrom(new(zeros(c.limit + more))); errors.Is(err, ErrUnexpectedBody) != (more > 0) {
				t.Errorf("%s of %d bytes: %v", name, c.limit+more, err)
			}
		}
	}
}
