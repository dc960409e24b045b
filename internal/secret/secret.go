// Package secret hides secrets in what is shown or kept of requests and responses. Which members hold one, the contract
// says: those of the format password, and those that are written only.
package secret

import (
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
)

// Shown is what is put in the place of a secret.
const Shown = "***"

// members has the members that the contract lists, true for those that hold a secret.
var members = sync.OnceValue(func() map[string]bool {
	c, err := contract.Load()
	if err != nil {
		panic(err) // it is part of the binary
	}
	found := map[string]bool{}
	for _, ref := range c.Doc.Components.Schemas {
		collect(ref.Value, found)
	}
	return found
})

func collect(s *openapi3.Schema, found map[string]bool) {
	for name, ref := range s.Properties {
		found[name] = found[name] || ref.Value.WriteOnly || ref.Value.Format == "password"
		collect(ref.Value, found)
	}
	if s.Items != nil {
		collect(s.Items.Value, found)
	}
}

// suspicious is how people name what the contract does not know.
var suspicious = regexp.MustCompile(`(?i)pass|pwd|secret|token|credential|private|auth$|cookie|session|signature|(key|uri|url)$`)

// IsMember reports whether a member of this name may hold a secret. Of names that are not in the contract, those do that
// sound like it.
func IsMember(name string) bool {
	secret, listed := members()[name]
	return secret || !listed && (members()[strings.ToLower(name)] || suspicious.MatchString(name))
}
