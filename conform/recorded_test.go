package conform

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
)

// TestContractFitsRecordings holds the contract to what is known of real answers: it has each recorded member, with its type.
func TestContractFitsRecordings(t *testing.T) {
	c, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	schemas := c.Doc.Components.Schemas
	for what, schema := range map[string]string{"bdb": "BDB", "module of a bdb": "ModuleRef", "endpoint of a bdb": "Endpoint", "module": "Module", "error": "Error"} {
		members := contract.Merged(schemas[schema].Value).Properties
		for _, r := range recordings {
			for name, kind := range r.members {
				if r.object != what {
					continue
				}
				ref := members[name]
				if kind == openapi3.TypeNumber && ref != nil && ref.Value.Type.Is(openapi3.TypeInteger) {
					kind = openapi3.TypeInteger
				}
				if ref == nil || !ref.Value.Type.Is(kind) {
					t.Errorf("%s.%s: the contract does not have it as recorded, a %s (%s)", schema, name, kind, r.source)
				}
			}
		}
	}
}
