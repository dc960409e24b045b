// Package conform holds servers and clients against the contract, openapi.yaml.
//
// A [Checker] judges one request or one response. It never sees more than it is given and sends nothing.
package conform

import (
	"cmp"
	"strings"
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
}

// String is the breach in one line.
func (b Breach) String() string {
	line := b.Operation + " " + string(b.Direction) + ": " + b.Where + ": expected " + b.Expected + ", found " + b.Found
	if b.Contract != "" {
		line += " (" + b.Contract + ")"
	}
	return line
}

// Findings is what a check has found.
type Findings struct {
	Breaches []Breach
	Notes    []Breach // what is not as the contract says and may be so
}

func (f *Findings) add(b Breach, noted bool) {
	if noted {
		f.Notes = append(f.Notes, b)
	} else {
		f.Breaches = append(f.Breaches, b)
	}
}

// sentence returns the first sentence of a description.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if end := strings.Index(text, ". "); end >= 0 {
		return text[:end+1]
	}
	return text
}

// place is what all findings of one check share.
type place struct {
	operation string
	direction Direction
	findings  *Findings
}

func (p place) add(where, expected, found, contract string, noted bool) {
	p.findings.add(Breach{p.operation, p.direction, cmp.Or(where, "body"), expected, found, sentence(contract)}, noted)
}
