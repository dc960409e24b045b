package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/reimport/reimport/gen/api"
)

// testCase is one thing that the contract promises.
type testCase struct {
	name      string
	operation string // operationId
	status    int    // that the contract documents
	says      string // the sentence of the contract; the description of the status if it is empty
	needs     []need
	reads     bool // it sends GET and HEAD alone
	// open says why the documents of Redis Software leave this open. The contract has decided, so reimport is held to it.
	open string
	do   step
}

// trial is a case at work.
type trial struct {
	*run
	ctx   context.Context
	test  *testCase
	uid   int // the database that the case needs
	user  string
	pass  string
	seen  []string
	tried []string
	last  *exchange
	undo  []func()
}

// exchange is a request and its answer, whose body has been read.
type exchange struct {
	req    *http.Request
	sent   string
	status int
	header http.Header
	body   []byte
}

// breach is what the server does against the contract.
type breach string

func (b breach) Error() string { return string(b) }

func broken(format string, args ...any) error { return breach(fmt.Sprintf(format, args...)) }

// unmet is why a case cannot be tried.
type unmet string

func (u unmet) Error() string { return string(u) }

// do runs one case.
func (r *run) do(ctx context.Context, c testCase) Result {
	t := &trial{run: r, ctx: ctx, test: &c, user: r.server.User, pass: r.server.Password}
	err := t.prepare()
	if err == nil {
		err = c.do(t)
	}
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	return t.result(err)
}

func (t *trial) result(err error) Result {
	c := t.test
	result := Result{Operation: c.operation, Name: c.name, Status: c.status, Outcome: Kept, Contract: t.sentence(), Silent: c.open, Seen: t.seen, Tried: t.tried}
	var not unmet
	switch {
	case errors.As(err, &not):
		result.Outcome, result.Reason = NotTestable, err.Error()
	case err != nil && c.open != "" && !t.ours:
		t.saw("%v", err)
		result.Outcome, result.Seen = Open, t.seen
	case err != nil:
		result.Outcome, result.Reason = Broken, t.mask.Text(err.Error())
		result.Request, result.Response = t.texts(t.last)
	case len(t.seen) > 0:
		result.Outcome = Open
	}
	return result
}

// sentence is what the contract says of the case.
func (t *trial) sentence() string {
	if t.test.says != "" {
		return t.test.says
	}
	op := t.contract.Operation(t.test.operation)
	if op == nil || op.Spec.Responses.Status(t.test.status) == nil {
		return ""
	}
	return fmt.Sprintf("%d: %s", t.test.status, *op.Spec.Responses.Status(t.test.status).Value.Description)
}

// request is what a case sends. Its zero value is a GET with the credentials of the run.
type request struct {
	method, path, query string
	body                *string // nil for none
	header              http.Header
	as                  func(*http.Request) // sets other credentials
}

func text(s string) *string { return &s }

// to returns the request that an operation takes if all is well with it.
func (t *trial) to(operation string) request {
	op := t.contract.Operation(operation)
	uid := strconv.Itoa(t.uid)
	if operation == opGetModule {
		uid = bundledModule
	}
	q := request{method: op.Method, path: strings.Replace(op.Path, "{uid}", uid, 1)}
	switch operation {
	case opCreate:
		q.body = text(fmt.Sprintf(`{"name": %q, "memory_size": %d}`, t.newName(), memorySize))
	case opUpdate:
		q.body = text(fmt.Sprintf(`{"email_alerts": %t}`, t.alerts))
	case opStart:
		q.body = text(nowhere)
	}
	return q
}

// memorySize is that of the databases of a run, in bytes.
const memorySize = 100 << 20

// nowhere asks for an import that cannot be read, on any host that has no server at this port.
const nowhere = `{"dataset_import_sources": [{"type": "url", "url": "http://127.0.0.1:1/reimport-conform.rdb"}]}`

// send sends a request and holds the answer to what the contract says of all answers.
func (t *trial) send(q request) (*exchange, error) {
	x, err := t.exchange(q)
	if err != nil {
		return nil, err
	}
	return x, t.holds(x)
}

// exchange sends a request and reads the answer.
func (t *trial) exchange(q request) (*exchange, error) {
	ctx, cancel := context.WithTimeout(t.ctx, t.options.Timeout)
	defer cancel()
	req, err := t.build(ctx, q)
	if err != nil {
		return nil, err
	}
	x := &exchange{req: req}
	if q.body != nil {
		x.sent = *q.body
	}
	t.last = x
	resp, err := t.door.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	x.status, x.header = resp.StatusCode, resp.Header
	if x.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return nil, fmt.Errorf("%d: the answer does not end: %w", x.status, err)
	}
	if t.options.Transcript != nil {
		t.options.Transcript.Add(req, []byte(x.sent), x.status, x.header, x.body)
	}
	return x, nil
}

const maxAnswer = 256 << 20

func (t *trial) build(ctx context.Context, q request) (*http.Request, error) {
	var body io.Reader
	if q.body != nil {
		body = strings.NewReader(*q.body)
	}
	target := strings.TrimSuffix(t.base.String(), "/") + q.path
	if q.query != "" {
		target += "?" + q.query
	}
	if q.method == "" {
		q.method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if t.user != "" {
		req.SetBasicAuth(t.user, t.pass)
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	if q.as != nil {
		q.as(req)
	}
	return req, nil
}

// is holds the status of an answer.
func (x *exchange) is(status int) error {
	if x.status != status {
		return broken("it answers %d, expected %d", x.status, status)
	}
	return nil
}

// gives sends a request and holds the status of the answer.
func (t *trial) gives(status int, q request) (*exchange, error) {
	x, err := t.send(q)
	if err == nil {
		err = x.is(status)
	}
	return x, err
}

// refuses sends a request and holds the refusal: its status and its code, of which a cluster's documents name few.
func (t *trial) refuses(status int, code api.ErrorCode, q request) error {
	x, err := t.gives(status, q)
	if err != nil {
		return err
	}
	var e api.Error
	_ = json.Unmarshal(x.body, &e) // empty if there is no such body
	switch {
	case e.ErrorCode == string(code):
	case t.ours:
		return broken("the error_code is %q, expected %q", e.ErrorCode, code)
	default:
		t.saw("error_code %q, reimport answers %q", e.ErrorCode, code)
	}
	return nil
}

// saw notes what the server does where the documents are silent.
func (t *trial) saw(format string, args ...any) {
	t.seen = append(t.seen, t.mask.Text(fmt.Sprintf(format, args...)))
}

// holds is the check of all answers: what the contract says of the status, the headers and the body.
func (t *trial) holds(x *exchange) error {
	found := Checker{Ours: t.ours}.CheckResponse(x.req, x.status, x.header, x.body)
	for _, note := range found.Notes {
		t.note(note)
	}
	if x.status >= 400 && !t.ours {
		return t.holdsRefusal(found)
	}
	if len(found.Breaches) == 0 {
		return nil
	}
	b := found.Breaches[0]
	more := ""
	if len(found.Breaches) > 1 {
		more = fmt.Sprintf(", and %d more", len(found.Breaches)-1)
	}
	return broken("%s: expected %s, found %s%s", b.Where, b.Expected, b.Found, more)
}

// holdsRefusal is the check of a refusal by a cluster, of whose bodies and headers few are on record.
func (t *trial) holdsRefusal(found Findings) error {
	for _, b := range found.Breaches {
		if b.Where == "status" {
			return broken("status: expected %s, found %s", b.Expected, b.Found)
		}
		t.saw("%s: %s, reimport answers %s", b.Where, b.Found, b.Expected)
	}
	return nil
}

// until does what a cluster may take a while to bring about, until it holds. reimport has done it when it answers, unless it has
// a Redis to do it with.
func (t *trial) until(do func() error) error {
	deadline, cancel := context.WithTimeout(t.ctx, settleTime)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := do()
		if err == nil || t.ours && !t.redis || pause(deadline, wait) != nil {
			return err
		}
	}
}

// An object has the members of a JSON object.
type object map[string]any

func (x *exchange) object() (o object, err error) {
	d := json.NewDecoder(bytes.NewReader(x.body))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return nil, broken("%d: the body is no JSON object", x.status)
	}
	return o, nil
}

// object sends a request and returns the object that a 200 answers with.
func (t *trial) object(q request) (object, error) {
	x, err := t.gives(200, q)
	if err != nil {
		return nil, err
	}
	return x.object()
}

// equal compares values as JSON, in which 0 and 0.0 are one number.
func equal(a, b any) bool {
	return reflect.DeepEqual(plain(a), plain(b))
}

func plain(value any) any {
	var out any
	if json.Unmarshal([]byte(inJSON(value)), &out) != nil {
		return nil
	}
	return out
}

func inJSON(value any) string {
	if value == nil {
		return "nothing"
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}
