package contract

import (
	"errors"
	"io"
	"net/http"
)

var (
	// ErrTooLarge is about a body with more bytes than it may have.
	ErrTooLarge = errors.New("the request body is too large")
	// ErrReadAgain is about a body that something reads which must not.
	ErrReadAgain = errors.New("the body has been decoded: nothing may read it again")
)

// Body is a request's body, read whole and decoded once. The generated code binds the value that was validated, and nobody
// reads the bytes again: a second decoder would understand some of them differently.
type Body struct {
	Data  []byte
	Value any // what the contract's schema accepted
}

// ReadBody reads the body of a request and leaves it there as a *Body, so that one that is too large is refused before anything
// else is looked at, whether its size was announced or not. The error is ErrTooLarge or a *Mismatch.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		return ErrTooLarge
	}
	given := &Body{}
	if r.Body != nil && r.Body != http.NoBody {
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return ErrTooLarge
		}
		if err != nil {
			return &Mismatch{"body", "all of it"}
		}
		given.Data = data
	}
	// Without a length, the generated code's fallback reads the body and fails.
	r.Body, r.ContentLength = given, -1
	return nil
}

func (b *Body) Read([]byte) (int, error) { return 0, ErrReadAgain }

// Close implements io.Closer.
func (b *Body) Close() error { return nil }

// ValidatedValue is what the generated code looks for.
func (b *Body) ValidatedValue() any { return b.Value }
