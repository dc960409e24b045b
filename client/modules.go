package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

// A Module is what most callers need of a module. Fields that the answer left out are zero.
type Module struct {
	UID          string   `json:"uid"` // 32 hexadecimal digits
	Name         string   `json:"module_name"`
	DisplayName  string   `json:"display_name"`
	Version      string   `json:"semantic_version"`
	Bundled      bool     `json:"is_bundled"`
	Capabilities []string `json:"capabilities"` // imports need backup_restore

	// Raw is the JSON object as the server sent it, and what a Module marshals to.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields above and keeps the rest in Raw.
func (m *Module) UnmarshalJSON(data []byte) error {
	type fields Module
	var read fields
	if err := unmarshalObject(data, &read); err != nil {
		return err
	}
	read.Raw = bytes.Clone(data)
	*m = Module(read)
	return nil
}

// MarshalJSON returns Raw.
func (m Module) MarshalJSON() ([]byte, error) { return m.Raw.MarshalJSON() }

// Module reads Raw into all fields of the contract. It fails where the server's type of one of them is another.
func (m Module) Module() (api.Module, error) { return decode[api.Module](m.Raw, nil) }

// ListModules returns the modules that databases of the cluster may use.
func (c *Client) ListModules(ctx context.Context) ([]Module, error) {
	return decode[[]Module](c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.ListModules(ctx)
	}))
}

// GetModule returns one module, or ErrNotFound. Its uid is 32 hexadecimal digits.
func (c *Client) GetModule(ctx context.Context, uid string) (Module, error) {
	// Anything else would become part of the path: ".." asks another resource.
	if len(uid) != 32 || strings.Trim(uid, "0123456789abcdef") != "" {
		return Module{}, fmt.Errorf("%w: uid of a module: expected 32 hexadecimal digits", ErrInvalid)
	}
	return decode[Module](c.send(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.api.GetModule(ctx, uid)
	}))
}
