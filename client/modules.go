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

// A Module is what most callers need of a module. Fields that the answer left out, or whose type there is another, are
// zero. Only uid has to be a string if it is there.
type Module struct {
	UID          string // 32 hexadecimal digits
	Name         string
	DisplayName  string
	Version      string // semantic_version
	Bundled      bool
	Capabilities []string // imports need backup_restore

	// Raw is the JSON object as the server sent it, and what a Module marshals to.
	Raw json.RawMessage
}

// UnmarshalJSON reads the fields above and keeps the rest in Raw.
func (m *Module) UnmarshalJSON(data []byte) error {
	object, err := readMembers(data)
	if err != nil {
		return err
	}
	read := Module{Raw: bytes.Clone(data)}
	read.Name, _ = member[string](object, "module_name")
	read.DisplayName, _ = member[string](object, "display_name")
	read.Version, _ = member[string](object, "semantic_version")
	read.Bundled, _ = member[bool](object, "is_bundled")
	read.Capabilities, _ = member[[]string](object, "capabilities")
	if read.UID, err = member[string](object, "uid"); err != nil {
		return err
	}
	*m = read
	return nil
}

// MarshalJSON returns Raw.
func (m Module) MarshalJSON() ([]byte, error) { return m.Raw.MarshalJSON() }

// Module reads Raw into all fields of the contract. It fails if the server's type of one of them is another.
func (m Module) Module() (api.Module, error) { return decode[api.Module](m.Raw) }

// ListModules returns the modules that databases of the cluster may use.
func (c *Client) ListModules(ctx context.Context) ([]Module, error) {
	return ask[[]Module](ctx, c, call{what: "list modules", build: api.NewListModulesRequest})
}

// GetModule returns one module, or ErrNotFound. Its uid is 32 hexadecimal digits.
func (c *Client) GetModule(ctx context.Context, uid string) (Module, error) {
	return ask[Module](ctx, c, call{what: fmt.Sprintf("get module %.64q", uid), build: func(base string) (*http.Request, error) {
		// Anything else would become part of the path: ".." asks another resource.
		if len(uid) != 32 || strings.Trim(uid, "0123456789abcdef") != "" {
			return nil, fmt.Errorf("%w: uid: expected 32 hexadecimal digits", ErrInvalid)
		}
		return api.NewGetModuleRequest(base, uid)
	}})
}
