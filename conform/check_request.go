package conform

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
)

// CheckRequest judges a request with the body that it has; r.Body is left alone.
func (c Checker) CheckRequest(r *http.Request, body []byte) Findings {
	return c.checkRequest(r, body, true)
}

// checkRequest leaves the body alone if it is not the whole of it.
func (c Checker) checkRequest(r *http.Request, body []byte, whole bool) Findings {
	rules := theRules()
	op, params := rules.contract.Find(r.Method, r.URL.EscapedPath())
	if op == nil {
		return checkRoute(rules.contract, r)
	}
	p := newCheck(op.ID, Request)
	p.code = api.ErrorCodeParamError
	for name, value := range params {
		if m := op.PathMismatch(name, value); m != nil {
			p.add(m.Where, m.Expected, strconv.Quote(shortened(value)), "", false)
		}
	}
	for _, m := range slices.SortedFunc(op.QueryMismatches(r), byPlace) {
		p.add(m.Where, m.Expected, "another value", "", false)
	}
	p.code = api.ErrorCodeUnauthorized
	p.checkCredentials(r)
	p.code = api.ErrorCodeInvalidSchema
	if whole {
		p.checkBody(rules, op, r, body)
	}
	return p.findings()
}

func byPlace(a, b *contract.Mismatch) int { return strings.Compare(a.Where, b.Where) }

// checkCredentials wants what a login needs, and does not know whether it is right.
func (p *check) checkCredentials(r *http.Request) {
	const where, expected, says = "header Authorization", "Basic with a user name and a password, once", "Every request carries HTTP Basic credentials."
	given := r.Header["Authorization"]
	if len(given) != 1 {
		p.add(where, expected, count(len(given)), says, false)
		return
	}
	if user, _, ok := r.BasicAuth(); !ok || user == "" {
		scheme, _, _ := strings.Cut(given[0], " ")
		// A real cluster takes its own tokens too.
		p.add(where, expected, "something else", says, strings.EqualFold(scheme, "JWT"))
	}
}

func count(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func (p *check) checkBody(rules *rules, op *contract.Operation, r *http.Request, body []byte) {
	if len(body) > contract.MaxBody {
		p.add("body", fmt.Sprintf("%d bytes at most", contract.MaxBody), strconv.Itoa(len(body)), "", false)
		return
	}
	schema := rules.requests[op.ID]
	if schema == nil { // GET and DELETE ignore a body
		return
	}
	said := op.Spec.RequestBody.Value
	if len(strings.TrimSpace(string(body))) == 0 {
		if said.Required {
			p.add("body", "a JSON object", "none", said.Description, false)
		}
		return
	}
	if given := r.Header.Get("Content-Type"); given != "" && len(schema.Properties) > 0 {
		if kind, _, err := mime.ParseMediaType(given); err != nil || kind != jsonType {
			p.add("header Content-Type", jsonType, strconv.Quote(shortened(given)), "", false)
		}
	}
	value, _, err := contract.Decode(body)
	switch {
	case err != nil:
		p.addMismatch(err)
	case value == nil && !said.Required: // null is no body
	default:
		p.checkValue(schema, nil, value, func(pointer []string, name string) verdict {
			if len(pointer) == 0 && op.ID == "updateBDB" && rules.shown[name] {
				p.add("body", "settings, or members as GET shows them", "read-only members", "", true)
				return verdict{} // it may be sent back
			}
			return verdict{"no such member", false}
		})
	}
}

// shortened cuts what may be long and comes from outside.
func shortened(s string) string { return s[:min(len(s), 64)] }
