package conform

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/internal/contract"
)

// CheckResponse judges the response to a request. Of r it reads the method and the URL. Without the request's operation in
// the contract, there is nothing to judge by: CheckRequest has told so.
func (c Checker) CheckResponse(r *http.Request, status int, header http.Header, body []byte) Findings {
	found, judge := c.checkHead(r, status, header)
	return found.and(judge(bytes.NewReader(body)))
}

// maxItem is how much of a response's body is held at once: the body, or an item of it if it is a list. A larger one is
// a note. It is many times what a database takes.
const maxItem = 1 << 20

// checkHead judges all but the body, and returns what judges that: it reads to the end, and of a list holds no more at once
// than an item.
func (c Checker) checkHead(r *http.Request, status int, header http.Header) (found Findings, body func(io.Reader) Findings) {
	rules := theRules()
	op, _ := rules.contract.Find(r.Method, r.URL.EscapedPath())
	if op == nil {
		return Findings{}, unchecked
	}
	p := newCheck(op.ID, Response)
	ref := op.Spec.Responses.Status(status)
	if ref == nil {
		// Redis Software documents these for every call.
		everywhere := status == http.StatusTemporaryRedirect || status == http.StatusServiceUnavailable || status == http.StatusHTTPVersionNotSupported
		p.add("status", "one of "+strings.Join(slices.Sorted(maps.Keys(op.Spec.Responses.Map())), ", "), strconv.Itoa(status), op.Spec.Summary, everywhere && !c.Ours)
		return p.findings(), unchecked
	}
	c.checkHeaders(p, ref.Value, header)
	schema, says := rules.responses[responseOf{op.ID, status}], *ref.Value.Description
	if schema == nil {
		c.checkNoType(p, header, says)
	} else {
		p.checkType(header)
	}
	encoding := header.Get("Content-Encoding")
	return p.findings(), func(body io.Reader) Findings {
		p := newCheck(op.ID, Response)
		switch {
		case schema == nil:
			p.checkEmpty("no body", says, body)
		case r.Method == http.MethodHead:
			p.checkEmpty("no body after a HEAD", "", body)
		default:
			c.checkContent(p, schema, encoding, body)
		}
		return p.findings()
	}
}

func unchecked(body io.Reader) Findings {
	_, _ = io.Copy(io.Discard, body)
	return Findings{}
}

func (c Checker) checkNoType(p *check, header http.Header, says string) {
	if given := header.Get("Content-Type"); given != "" {
		p.add("header Content-Type", "none", strconv.Quote(shortened(given)), says, !c.Ours)
	}
}

func (c Checker) checkHeaders(p *check, said *openapi3.Response, header http.Header) {
	for _, name := range slices.Sorted(maps.Keys(said.Headers)) {
		says, where := said.Headers[name].Value, "header "+name
		value := header.Get(name)
		number, err := strconv.Atoi(value)
		switch s := says.Schema.Value; {
		case value == "":
			p.add(where, contract.Expected(s), "none", says.Description, name == "X-Request-Id" && !c.Ours)
		case s.Type.Is(openapi3.TypeInteger) && (err != nil || s.VisitJSON(float64(number)) != nil):
			p.add(where, contract.Expected(s), strconv.Quote(shortened(value)), says.Description, false)
		}
	}
}

func (p *check) checkType(header http.Header) {
	given := header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(given); err != nil || kind != jsonType {
		p.add("header Content-Type", jsonType, strconv.Quote(shortened(given)), "", false)
	}
}

func (p *check) checkEmpty(expected, says string, body io.Reader) {
	if n, _ := io.Copy(io.Discard, body); n > 0 {
		p.add("body", expected, fmt.Sprintf("%d bytes", n), says, false)
	}
}

// unlisted is the verdict on members that the contract does not list: a real cluster has many.
func (c Checker) unlisted([]string, string) verdict { return verdict{"no such member", !c.Ours} }

var (
	errLarge = errors.New("too large to be held")
	errCut   = errors.New("not all of it has come") // which is no breach of the contract
)

func (c Checker) checkContent(p *check, schema *openapi3.Schema, encoding string, body io.Reader) {
	plain, err := decompressed(encoding, body)
	if err == nil {
		err = c.decodeContent(p, schema, &limitedReader{from: plain, left: maxItem})
	}
	if errors.Is(err, errLarge) {
		p.add("body", fmt.Sprintf("%d bytes at most to be checked", maxItem), "more", "", true)
	}
	p.addMismatch(err)
	_, _ = io.Copy(io.Discard, body)
}

func decompressed(encoding string, body io.Reader) (io.Reader, error) {
	switch encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, cut(err, &contract.Mismatch{Where: "body", Expected: "gzip, as its header says"})
		}
		return plain, nil
	}
	return nil, &contract.Mismatch{Where: "header Content-Encoding", Expected: "gzip or none"}
}

func (c Checker) decodeContent(p *check, schema *openapi3.Schema, body *limitedReader) error {
	if schema.Type.Is(openapi3.TypeArray) {
		return c.checkList(p, schema, body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	value, _, err := contract.Decode(data)
	if err == nil {
		p.checkValue(schema, nil, value, c.unlisted)
	}
	return err
}

// checkList judges a list item by item.
func (c Checker) checkList(p *check, schema *openapi3.Schema, body *limitedReader) error {
	notJSON := &contract.Mismatch{Where: "body", Expected: "one JSON value"}
	d := json.NewDecoder(body)
	first, err := d.Token()
	if err != nil {
		return cut(err, notJSON)
	}
	if first != json.Delim('[') {
		p.add("body", contract.Expected(schema), "something else", "", false)
		return nil
	}
	for i := 0; d.More(); i++ {
		body.left = maxItem
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return cut(err, notJSON)
		}
		value, _, err := contract.Decode(item)
		if err != nil {
			return inItem(err, i)
		}
		p.checkValue(schema.Items.Value, []string{strconv.Itoa(i)}, value, c.unlisted)
	}
	if _, err := d.Token(); err != nil {
		return cut(err, notJSON)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return notJSON
	}
	return nil
}

// cut returns err if it says why no more can be read, else what is wrong with what was.
func cut(err, otherwise error) error {
	if errors.Is(err, errLarge) || errors.Is(err, errCut) {
		return err
	}
	return otherwise
}

// inItem puts the place of a mismatch in an item into the list.
func inItem(err error, i int) error {
	var m *contract.Mismatch
	if !errors.As(err, &m) {
		return err
	}
	where := fmt.Sprintf("[%d]", i)
	if m.Where != "body" {
		where += "." + m.Where
	}
	return &contract.Mismatch{Where: where, Expected: m.Expected}
}

// limitedReader reads until left is used up.
type limitedReader struct {
	from io.Reader
	left int
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLarge
	}
	n, err := l.from.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
