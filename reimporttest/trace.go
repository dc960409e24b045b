package reimporttest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/reimport/reimport/internal/control"
)

// An Exchange is a request to the server and what became of it. Secrets in it are masked.
type Exchange struct {
	Operation Operation // empty for a request that openapi.yaml has none for
	UID       int       // of the database that the request is for; 0 if it is for none
	Method    string
	Path      string // with the query
	Request   Message
	Status    int // 0 if there was no answer
	Response  Message
	Fault     string        // fault 1 for the first that was put; empty if none struck the request
	Cut       bool          // the connection was closed before the whole answer was sent
	Time      time.Time     // when the request came, by the server's Clock
	Took      time.Duration // by the machine's
}

// Message is the header of a request or an answer, and the beginning of its body if that is JSON.
type Message struct {
	Header http.Header
	Body   string
}

// String gives the exchange in a few lines, without the headers.
func (x Exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", x.Method, bounded(x.Path))
	indent(&b, "> ", x.Request.Body)
	if x.Status == 0 {
		b.WriteString("\n  no answer")
	} else {
		fmt.Fprintf(&b, "\n  %d %s", x.Status, http.StatusText(x.Status))
	}
	fmt.Fprintf(&b, " after %v", x.Took.Round(time.Millisecond/10))
	if x.Fault != "" {
		b.WriteString(", " + x.Fault)
	}
	if x.Cut {
		b.WriteString(", cut off")
	}
	indent(&b, "< ", x.Response.Body)
	return b.String()
}

func indent(b *strings.Builder, mark, body string) {
	if body = bounded(strings.TrimSpace(body)); body != "" {
		b.WriteString("\n  " + mark + strings.ReplaceAll(body, "\n", "\n  "+mark))
	}
}

// maxShown is how many bytes of a path or a body a text shows.
const maxShown = 500

func bounded(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + " …"
}

// Trace has the newest thousand exchanges with the server.
type Trace struct{ trace *control.Trace }

// Exchanges returns them, the oldest first. An exchange is among them when its client has the answer.
func (t *Trace) Exchanges() []Exchange { return t.since(0) }

func (t *Trace) since(n int) []Exchange {
	var all []Exchange
	for _, x := range t.trace.Since(n) {
		all = append(all, Exchange{
			Operation: Operation(x.Operation), UID: x.UID, Method: x.Method, Path: x.Path, Status: x.Status, Fault: x.Fault, Time: x.Time, Took: x.Took,
			Request: Message{x.Request.Header, x.Request.Body}, Response: Message{x.Response.Header, x.Response.Body}, Cut: x.End == control.Cut,
		})
	}
	return all
}

// Count returns how many of them were about an operation, such as ResetImportStatus.
func (t *Trace) Count(operation Operation) int { return t.trace.Count(string(operation)) }

// maxLogged is how many exchanges the log of a failed test has.
const maxLogged = 50

// String gives the newest 50 exchanges, without headers.
func (t *Trace) String() string {
	var b strings.Builder
	before := max(0, t.trace.Last()-maxLogged)
	if before > 0 {
		fmt.Fprintf(&b, "%d exchanges before\n", before)
	}
	for _, x := range t.since(before) {
		b.WriteString(x.String() + "\n")
	}
	return b.String()
}
