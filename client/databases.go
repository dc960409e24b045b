package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"

	"github.com/reimport/reimport/gen/api"
)

const jsonType = "application/json"

// A Database is what most callers need of a bdb. Fields that the answer left out, or whose type there is another, are
// zero. Only uid has to be an integer if it is there.
type Database struct {
	UID        int
	Name       string
	Status     api.BDBStatus
	MemorySize int64 // limit in bytes, 0 for none
	Import     ImportState

	// Endpoint is the host:port at which the database serves clients, of several the first. It is empty if there is none.
	Endpoint string
	// DataPlane is what is behind a database of reimport: simulated, local or attached. It is empty on a cluster.
	DataPlane string

	// Raw is the JSON object as the server sent it, with all of its keys; a cluster's has some 139. It is also what a
	// Database marshals to.
	Raw json.RawMessage
}

// UnmarshalJSON reads the fields above and leaves the others be, so that one that differs on a cluster breaks nothing.
func (d *Database) UnmarshalJSON(data []byte) error {
	read, err := readDatabase(data)
	if err != nil {
		return err
	}
	*d = read
	return nil
}

// readDatabase reads all that it can. Raw is nil if data is no object; another error is about uid.
func readDatabase(data []byte) (d Database, err error) {
	object, err := readSummary(data)
	if err != nil {
		return d, err
	}
	d.Raw = bytes.Clone(data)
	d.Name, _ = member[string](object, "name")
	d.Status, _ = member[api.BDBStatus](object, "status")
	d.MemorySize, _ = member[int64](object, "memory_size")
	d.Import, _ = importState(object)
	d.Endpoint = endpoint(object)
	own, _ := member[struct {
		DataPlane string `json:"data_plane"`
	}](object, "reimport")
	d.DataPlane = own.DataPlane
	d.UID, err = member[int](object, "uid")
	return d, err
}

func endpoint(object members) string {
	all, _ := member[[]struct {
		Addr    []string `json:"addr"`
		DNSName string   `json:"dns_name"`
		Port    int      `json:"port"`
	}](object, "endpoints")
	if len(all) == 0 {
		return ""
	}
	host := all[0].DNSName
	if len(all[0].Addr) > 0 {
		host = all[0].Addr[0]
	}
	return net.JoinHostPort(host, strconv.Itoa(all[0].Port))
}

// readSummary reads the members that a Database is made of. The others are many, and a list has them for each of its items.
func readSummary(data []byte) (members, error) {
	var summary struct {
		UID            json.RawMessage `json:"uid"`
		Name           json.RawMessage `json:"name"`
		Status         json.RawMessage `json:"status"`
		MemorySize     json.RawMessage `json:"memory_size"`
		ImportStatus   json.RawMessage `json:"import_status"`
		ImportProgress json.RawMessage `json:"import_progress"`
		ImportFailure  json.RawMessage `json:"import_failure_reason"`
		Endpoints      json.RawMessage `json:"endpoints"`
		Reimport       json.RawMessage `json:"reimport"`
	}
	if text := bytes.TrimLeft(data, " \t\r\n"); !bytes.HasPrefix(text, []byte("{")) || json.Unmarshal(text, &summary) != nil {
		return nil, errors.New("expected an object")
	}
	object := members{}
	for name, text := range map[string]json.RawMessage{
		"uid": summary.UID, "name": summary.Name, "status": summary.Status, "memory_size": summary.MemorySize,
		"import_status": summary.ImportStatus, "import_progress": summary.ImportProgress, "import_failure_reason": summary.ImportFailure,
		"endpoints": summary.Endpoints, "reimport": summary.Reimport,
	} {
		if text != nil {
			object[name] = text
		}
	}
	return object, nil
}

// MarshalJSON returns Raw.
func (d Database) MarshalJSON() ([]byte, error) { return d.Raw.MarshalJSON() }

// BDB reads Raw into all fields of the contract. It fails if the server's type of one of them is another.
func (d Database) BDB() (api.BDB, error) { return decode[api.BDB](d.Raw) }

// A ChangeOption says how a change of a database's settings is made.
type ChangeOption func(*change)

type change struct{ dryRun *api.DryRun }

// DryRun has the server check a change, and answer as if it had been made, without making it.
func DryRun() ChangeOption {
	return func(c *change) {
		value := "true"
		c.dryRun = &value
	}
}

func changeOf(opts []ChangeOption) (c change) {
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// ListDatabases returns all databases, by ascending uid. If fields are named, the others are left out: of many databases,
// each of which takes some KB with all fields, name those that you need.
func (c *Client) ListDatabases(ctx context.Context, fields ...string) (all []Database, err error) {
	_, err = c.send(ctx, call{
		what: "list databases",
		build: func(base string) (*http.Request, error) {
			return api.NewListBDBsRequest(base, &api.ListBDBsParams{Fields: named(fields)})
		},
		read: func(body io.Reader) (err error) {
			all, err = readList[Database](body)
			return err
		},
	})
	return all, err
}

// GetDatabase returns one database, or ErrNotFound. If fields are named, the others are left out.
func (c *Client) GetDatabase(ctx context.Context, uid int, fields ...string) (Database, error) {
	return ask[Database](ctx, c, onDatabase("get", uid, func(base string) (*http.Request, error) {
		return api.NewGetBDBRequest(base, uid, &api.GetBDBParams{Fields: named(fields)})
	}))
}

// CreateDatabase creates a database and returns it, perhaps with the status pending: WaitCreated waits until it can be used.
// Errors: ErrInvalid, ErrUIDExists, and those of any call.
func (c *Client) CreateDatabase(ctx context.Context, settings api.BDBCreate, opts ...ChangeOption) (Database, error) {
	object, err := json.Marshal(settings)
	if err != nil {
		return Database{}, fmt.Errorf("create database: %w: %w", ErrInvalid, err)
	}
	return c.CreateDatabaseJSON(ctx, object, opts...)
}

// CreateDatabaseJSON is CreateDatabase with settings that api.BDBCreate may not know, as a JSON object.
func (c *Client) CreateDatabaseJSON(ctx context.Context, settings json.RawMessage, opts ...ChangeOption) (Database, error) {
	params := &api.CreateBDBParams{DryRun: changeOf(opts).dryRun}
	return ask[Database](ctx, c, call{what: "create database", build: func(base string) (*http.Request, error) {
		return api.NewCreateBDBRequestWithBody(base, params, jsonType, bytes.NewReader(settings))
	}})
}

// UpdateDatabase changes the settings that are not nil and returns the whole database. Errors: ErrInvalid, ErrNotFound,
// ErrBusy, and those of any call.
func (c *Client) UpdateDatabase(ctx context.Context, uid int, settings api.BDBUpdate, opts ...ChangeOption) (Database, error) {
	object, err := json.Marshal(settings)
	if err != nil {
		return Database{}, fmt.Errorf("update database %d: %w: %w", uid, ErrInvalid, err)
	}
	return c.UpdateDatabaseJSON(ctx, uid, object, opts...)
}

// UpdateDatabaseJSON is UpdateDatabase with settings that api.BDBUpdate may not know, as a JSON object.
func (c *Client) UpdateDatabaseJSON(ctx context.Context, uid int, settings json.RawMessage, opts ...ChangeOption) (Database, error) {
	params := &api.UpdateBDBParams{DryRun: changeOf(opts).dryRun}
	return ask[Database](ctx, c, onDatabase("update", uid, func(base string) (*http.Request, error) {
		return api.NewUpdateBDBRequestWithBody(base, uid, params, jsonType, bytes.NewReader(settings))
	}))
}

// DeleteDatabase deletes a database and returns what the server says of it: its last state, with the Status
// delete-pending, or nothing but the UID. A cluster may answer before the database is gone: it is when GetDatabase returns
// ErrNotFound.
//
// Errors: ErrNotFound, ErrBusy, and those of any call.
func (c *Client) DeleteDatabase(ctx context.Context, uid int) (Database, error) {
	o := onDatabase("delete", uid, func(base string) (*http.Request, error) { return api.NewDeleteBDBRequest(base, uid) })
	body, err := c.send(ctx, o)
	if err != nil {
		return Database{}, err
	}
	gone := Database{UID: uid}
	if len(bytes.TrimSpace(body)) == 0 {
		return gone, nil
	}
	// The database is deleted, whatever its members are.
	if gone, err = readDatabase(body); gone.Raw == nil {
		return Database{}, o.fail(fmt.Errorf("%w: %w", ErrUnexpectedBody, err))
	}
	gone.UID = uid
	return gone, nil
}

func named(fields []string) *api.Fields {
	if len(fields) == 0 {
		return nil
	}
	return &fields
}

// onDatabase is a call about a database. It refuses a uid that the server would, without asking it.
func onDatabase(verb string, uid int, build func(base string) (*http.Request, error)) call {
	return call{what: fmt.Sprintf("%s database %d", verb, uid), build: func(base string) (*http.Request, error) {
		if uid < 1 || uid > math.MaxInt32 {
			return nil, fmt.Errorf("%w: uid: expected an integer from 1 to %d", ErrInvalid, math.MaxInt32)
		}
		return build(base)
	}}
}
