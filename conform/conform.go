// Package conform holds servers and clients against the contract, openapi.yaml.
//
// A [Checker] judges one request or one response. It never sees more than it is given and sends nothing.
package conform

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

// Checker judges requests and responses. The zero value is for any server of the API: what is known to differ on a real
// cluster, such as a member that the contract does not list, is a note. It is safe for concurrent use.
type Checker struct {
	// Ours makes breaches of the notes on responses: this module's server promises all that the contract says.
	Ours bool
}

// Direction is which half of an exchange a finding is about.
type Direction string

// The halves of an exchange.
const (
	Request  Direction = "request"
	Response Direction = "response"
)

// Breach is one place where a request or a response is not as the contract says. No field has a secret.
type Breach struct {
	Operation string    `json:"operation,omitempty"` // the operationId, or the method and path of a call that the contract does not have
	Direction Direction `json:"direction"`
	// Where is "status", "method", "path", "query", "body", "header" and its name, the name of a parameter, or the path
	// of a member of the body, such as [3].import_status.
	Where    string `json:"where"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	Contract string `json:"contract,omitempty"` // what the contract says of the place, in its own words
	Times    int    `json:"times"`              // in how many items of a list; Where names the first

	code api.ErrorCode // what a server answers to a request with it
}

// String is the breach in one line.
func (b Breach) String() string {
	line := b.Operation + " " + string(b.Direction) + ": " + b.Where + ": expected " + b.Expected + ", found " + b.Found
	if b.Contract != "" {
		line += " (" + b.Contract + ")"
	}
	if b.Times > 1 {
		line += fmt.Sprintf(" and %d times more", b.Times-1)
	}
	return line
}

// Findings is what a check has found.
type Findings struct {
	Breaches []Breach
	Notes    []Breach // what is not as the contract says and may be so
}

func (f Findings) and(g Findings) Findings {
	return Findings{append(f.Breaches, g.Breaches...), append(f.Notes, g.Notes...)}
}

// sentence returns the first sentence of a description.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if end := strings.Index(text, ". "); end >= 0 {
		return text[:end+1]
	}
	return text
}

// check collects what is found in one request or response.
type check struct {
	operation string
	direction Direction
	code      api.ErrorCode // for what is found from now on
	all       []*finding
	seen      map[string]*finding
}

type finding struct {
	Breach
	noted bool
}

func newCheck(operation string, d Direction) *check {
	return &check{operation: operation, direction: d, code: api.ErrorCodeInvalidSchema}
}

var indexes = regexp.MustCompile(`\[[0-9]+\]`)

func (p *check) add(where, expected, found, contract string, noted bool) {
	where = cmp.Or(where, "body")
	same := strings.Join([]string{indexes.ReplaceAllString(where, "[]"), expected, found}, "\x00")
	if before := p.seen[same]; before != nil {
		before.Times++
		return
	}
	f := &finding{Breach{p.operation, p.direction, where, expected, found, sentence(contract), 1, p.code}, noted}
	if p.seen == nil {
		p.seen = map[string]*finding{}
	}
	p.seen[same], p.all = f, append(p.all, f)
}

func (p *check) findings() Findings {
	var found Findings
	for _, f := range p.all {
		if f.noted {
			found.Notes = append(found.Notes, f.Breach)
		} else {
			found.Breaches = append(found.Breaches, f.Breach)
		}
	}
	return found
}
