package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"

	"github.com/reimport/reimport/gen/api"
)

const jsonType = "application/json"

// A Database is what most callers need of a bdb. Fields that the answer left out are zero.
type Database struct {
	UID        int           `json:"uid"`
	Name       string        `json:"name"`
	Status     api.BDBStatus `json:"status"`
	MemorySize int64         `json:"memory_size"` // limit in bytes, 0 for none
	Import     ImportState   `json:"-"`

	// Raw is the JSON object as the server sent it, with all of its keys; a cluster's has some 139. It is also what a
	// Database marshals to.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields above and leaves the others be, so that one that differs on a cluster breaks nothing.
func (d *Database) UnmarshalJSON(data []byte) error {
	type fields Database
	var read fields
	if err := unmarshalObject(data, &read); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &read.Import); err != nil {
		return err
	}
	read.Raw = bytes.Clone(data)
	*d = Database(read)
	return nil
}

// MarshalJSON returns Raw.
func (d Database) MarshalJSON() ([]byte, error) { return d.Raw.MarshalJSON() }

// BDB reads Raw into all fields of the contract. It fails where the server's type of one of them is another.
func (d Database) BDB() (api.BDB, error) { return decode[api.BDB](d.Raw, nil) }

func unmarshalObject(data []byte, into any) error {
	if string(data) == "null" {
		return errors.New("expected an object, not null")
	}
	return json.Unmarshal(data, into)
}

// Mode says how a change is made.
type Mode string

// DryRun has the server check a change, and answer as if it had been made, without making it.
const DryRun Mode = "dry run"

func dryRun(modes []Mode) *api.DryRun {
	if !slices.Contains(modes, DryRun) {
		return nil
	}
	value := "true"
	return &value
}

// ListDatabases returns all databases, by ascending uid. Where fields are named, the others are left out.
func (c *Client) ListDatabases(ctx context.Context, fields ...string) ([]Database, error) {
	return decode[[]Database](c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.ListBDBs(ctx, &api.ListBDBsParams{Fields: named(fields)})
	}))
}

// GetDatabase returns one database, or ErrNotFound. Where fields are named, the others are left out.
func (c *Client) GetDatabase(ctx context.Context, uid int, fields ...string) (Database, error) {
	if err := checkUID(uid); err != nil {
		return Database{}, err
	}
	return decode[Database](c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.GetBDB(ctx, uid, &api.GetBDBParams{Fields: named(fields)})
	}))
}

// CreateDatabase creates a database and returns it. Errors: ErrInvalid, ErrUIDExists, and those of any call.
func (c *Client) CreateDatabase(ctx context.Context, settings api.BDBCreate, modes ...Mode) (Database, error) {
	object, err := json.Marshal(settings)
	if err != nil {
		return Database{}, err
	}
	return c.CreateDatabaseJSON(ctx, object, modes...)
}

// CreateDatabaseJSON is CreateDatabase with settings that api.BDBCreate may not know, as a JSON object.
func (c *Client) CreateDatabaseJSON(ctx context.Context, settings json.RawMessage, modes ...Mode) (Database, error) {
	return decode[Database](c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.CreateBDBWithBody(ctx, &api.CreateBDBParams{DryRun: dryRun(modes)}, jsonType, bytes.NewReader(settings))
	}))
}

// UpdateDatabase changes the settings that are not nil and returns the whole database. Errors: ErrInvalid, ErrNotFound,
// ErrBusy, and those of any call.
func (c *Client) UpdateDatabase(ctx context.Context, uid int, settings api.BDBUpdate, modes ...Mode) (Database, error) {
	object, err := json.Marshal(settings)
	if err != nil {
		return Database{}, err
	}
	return c.UpdateDatabaseJSON(ctx, uid, object, modes...)
}

// UpdateDatabaseJSON is UpdateDatabase with settings that api.BDBUpdate may not know, as a JSON object.
func (c *Client) UpdateDatabaseJSON(ctx context.Context, uid int, settings json.RawMessage, modes ...Mode) (Database, error) {
	if err := checkUID(uid); err != nil {
		return Database{}, err
	}
	return decode[Database](c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.UpdateBDBWithBody(ctx, uid, &api.UpdateBDBParams{DryRun: dryRun(modes)}, jsonType, bytes.NewReader(settings))
	}))
}

// DeleteDatabase deletes a database. Errors: ErrNotFound, ErrBusy, and those of any call. A cluster may answer before
// the database is gone: it is when GetDatabase returns ErrNotFound.
func (c *Client) DeleteDatabase(ctx context.Context, uid int) error {
	if err := checkUID(uid); err != nil {
		return err
	}
	return done(c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.DeleteBDB(ctx, uid)
	}))
}

func named(fields []string) *api.Fields {
	if len(fields) == 0 {
		return nil
	}
	return &fields
}

// checkUID refuses what the server would, without asking it.
func checkUID(uid int) error {
	if uid < 1 || uid > math.MaxInt32 {
		return fmt.Errorf("%w: uid: expected an integer from 1 to %d", ErrInvalid, math.MaxInt32)
	}
	return nil
}
