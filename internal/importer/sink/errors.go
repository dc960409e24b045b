package sink

import (
	"errors"
	"fmt"
)

// ErrOutOfMemory is the answer of a database that may not take more memory.
var ErrOutOfMemory = errors.New("the database is out of memory")

// ErrConnectionLost is a database that cannot be reached, or cannot be reached any more. What it was given may be lost.
var ErrConnectionLost = errors.New("the connection to the database is lost")

// KeyError says which key could not be loaded, and why.
type KeyError struct {
	DB   int
	Name []byte
	Err  error
}

// shownName is how many bytes of a name Error shows.
const shownName = 100

func (e *KeyError) Error() string {
	name, cut := e.Name, ""
	if len(name) > shownName {
		name, cut = name[:shownName], fmt.Sprintf("… of %d bytes", len(name))
	}
	return fmt.Sprintf("key %q%s in database %d: %v", name, cut, e.DB, e.Err)
}

// Unwrap returns Err.
func (e *KeyError) Unwrap() error { return e.Err }
