package conform

import (
	"fmt"
	"strings"
)

// An Outcome is how a case ended.
type Outcome string

// The outcomes of a case.
const (
	// Kept: the server does what the contract says.
	Kept Outcome = "kept"
	// Broken: it does something else.
	Broken Outcome = "broken"
	// NotTestable: the run could not bring about what the case needs.
	NotTestable Outcome = "not testable"
	// Open: the documents of Redis Software are silent here. The result says what the server does.
	Open Outcome = "open"
)

// A Result is how one case ended.
type Result struct {
	Operation string   `json:"operation"` // operationId, or "other paths"
	Name      string   `json:"name"`
	Status    int      `json:"status,omitempty"` // that the contract documents and the case is about
	Outcome   Outcome  `json:"outcome"`
	Reason    string   `json:"reason,omitempty"`   // what is broken, or why it is not testable
	Contract  string   `json:"contract,omitempty"` // the sentence of the contract that the case holds the server to
	Silent    string   `json:"silent,omitempty"`   // why the documents of Redis Software leave this open, if they do
	Seen      []string `json:"seen,omitempty"`     // what the server does where the documents are silent, or does more than they say
	Tried     []string `json:"tried,omitempty"`    // the variants of a request that it has sent, and the answers
	Request   string   `json:"request,omitempty"`  // that broke the contract, with the secrets masked
	Response  string   `json:"response,omitempty"` // to it
}

// Text says for people how the case ended.
func (r Result) Text() string {
	var b strings.Builder
	if r.Reason != "" {
		fmt.Fprintf(&b, "%s\n", r.Reason)
	}
	if r.Outcome == Open && r.Silent != "" {
		fmt.Fprintf(&b, "%s\n", r.Silent)
	}
	for _, seen := range r.Seen {
		fmt.Fprintf(&b, "seen: %s\n", seen)
	}
	if r.Contract != "" && r.Outcome == Broken {
		fmt.Fprintf(&b, "the contract: %s\n", r.Contract)
	}
	if r.Request != "" {
		fmt.Fprintf(&b, "%s\n%s\n", r.Request, r.Response)
	}
	return strings.TrimRight(b.String(), "\n")
}

// A Report is how all cases ended, in the order in which they ran.
type Report struct {
	Server  string   `json:"server"`
	Ours    bool     `json:"reimport"` // the server is reimport: it is held to all that the contract decides
	Results []Result `json:"results"`
	// Notes are what answers have beyond the contract and may have, such as members of a cluster.
	Notes []string `json:"notes,omitempty"`
}

// Count returns how many cases ended so.
func (r *Report) Count(o Outcome) (n int) {
	for _, result := range r.Results {
		if result.Outcome == o {
			n++
		}
	}
	return n
}
