package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/database"
)

// Kind is one kind of records: *T by their keys of type K. Records are JSON at rest.
type Kind[K comparable, T any] struct {
	name      string         // at rest
	keyOf     func(*T) K     // fixed for a record's life
	key       func(K) string // at rest; keys sort as their records are listed
	clone     func(*T) *T
	canonical func(*T) *T // a copy that JSON brings back exactly as it is
	equal     func(a, b *T) bool
	missing   error // if there is no record with a key
}

// Databases are the cluster's databases, by uid.
var Databases = &Kind[int, database.Database]{
	name:      "bdb",
	keyOf:     func(db *database.Database) int { return db.UID },
	key:       uidKey,
	clone:     (*database.Database).Clone,
	canonical: (*database.Database).Canonical,
	equal:     (*database.Database).Equal,
	missing:   database.ErrNotExist,
}

// Users are those who may log in, by email.
var Users = &Kind[string, access.User]{
	name:      "user",
	keyOf:     func(u *access.User) string { return u.Email },
	key:       func(email string) string { return email },
	clone:     func(u *access.User) *access.User { c := *u; return &c },
	canonical: func(u *access.User) *access.User { c := *u; return &c },
	equal:     func(a, b *access.User) bool { return *a == *b },
	missing:   errors.New("user does not exist"),
}

// Modules are the cluster's modules, by uid.
var Modules = &Kind[string, database.Module]{
	name:      "module",
	keyOf:     func(m *database.Module) string { return m.UID },
	key:       func(uid string) string { return uid },
	clone:     cloneModule,
	canonical: cloneModule,
	equal:     func(a, b *database.Module) bool { return reflect.DeepEqual(a, b) },
	missing:   database.ErrModuleNotExist,
}

// counter is the highest number that was ever in use for something.
type counter struct {
	Of   string // a kind's name
	Last int
}

var counters = &Kind[string, counter]{
	name:      "counter",
	keyOf:     func(c *counter) string { return c.Of },
	key:       func(of string) string { return of },
	clone:     func(c *counter) *counter { d := *c; return &d },
	canonical: func(c *counter) *counter { d := *c; return &d },
	equal:     func(a, b *counter) bool { return *a == *b },
	missing:   errors.New("counter does not exist"),
}

// kind is a Kind without its types.
type kind interface {
	title() string
	same(a, b any) bool
	encode(record any) ([]byte, error)
	// decoder returns a function that decodes one record after the other.
	decoder() func(encoded []byte) (key string, record any, err error)
}

// kinds are all that a store may hold.
var kinds = []kind{Databases, Users, Modules, counters}

func kindNamed(name string) (kind, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.title() == name })
	if i < 0 {
		return nil, fmt.Errorf("no kind of records is called %q", name)
	}
	return kinds[i], nil
}

// IsKind reports whether there is a kind of records with this name. It is for implementations of Store.
func IsKind(name string) bool {
	_, err := kindNamed(name)
	return err == nil
}

func (k *Kind[K, T]) title() string { return k.name }

func (k *Kind[K, T]) same(a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	return k.equal(a.(*T), b.(*T))
}

// encode keeps settings as the client wrote them, so it does not escape for HTML. JSON has no place for bytes that are
// not UTF-8: it would replace them.
func (k *Kind[K, T]) encode(record any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(record); err != nil {
		return nil, err
	}
	if bytes.Contains(b.Bytes(), []byte(`\ufffd`)) {
		if _, read, err := k.decoder()(b.Bytes()); err != nil || !k.same(read, record) {
			return nil, errors.Join(err, errors.New("expected UTF-8"))
		}
	}
	return b.Bytes(), nil
}

func (k *Kind[K, T]) decoder() func(encoded []byte) (key string, record any, err error) {
	d := newDecoder[T]()
	return func(encoded []byte) (string, any, error) {
		r, err := d.decode(encoded)
		if err != nil {
			return "", nil, err
		}
		return k.key(k.keyOf(r)), r, nil
	}
}

// uidKey pads to the width of database.MaxUID, so that keys sort as uids do.
func uidKey(uid int) string {
	if uid < 0 || uid > database.MaxUID {
		return strconv.Itoa(uid) // which no record has
	}
	digits := [10]byte{}
	for i := range digits {
		digits[len(digits)-1-i] = '0' + byte(uid%10)
		uid /= 10
	}
	return string(digits[:])
}

func cloneModule(m *database.Module) *database.Module {
	c := *m
	c.Capabilities = slices.Clone(m.Capabilities)
	return &c
}
