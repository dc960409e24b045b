package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// curl is a request to the demo cluster, and the status of its answer.
type curl struct {
	Name    string
	Status  int
	Command string
}

// request is what a curl line sends. An empty user is the demo's administrator.
type request struct {
	method, path, user, body string
}

// tooLarge is a body that comes through a pipe.
const tooLarge = "@-"

// line is a command that stands alone, so that it can be copied from anywhere in the page.
func (r request) line() string {
	user := r.user
	if user == "" {
		user = "admin@example.com:demo-admin"
	}
	var b strings.Builder
	if r.body == tooLarge {
		b.WriteString("head -c 70000 /dev/zero | ")
	}
	fmt.Fprintf(&b, "curl --cacert .demo/tls/ca.pem -u %s \\\n  ", user)
	if r.method != "GET" && (r.method != "POST" || r.body == "") {
		fmt.Fprintf(&b, "-X %s ", r.method)
	}
	if r.body == tooLarge {
		fmt.Fprintf(&b, "--data-binary %s ", r.body)
	} else if r.body != "" {
		fmt.Fprintf(&b, "-H 'Content-Type: application/json' -d '%s' \\\n  ", r.body)
	}
	fmt.Fprintf(&b, "'https://localhost:9443%s'", r.path)
	return b.String()
}

// curls makes a request of each example of the body, and one of each optional parameter, with the contract's own values.
func curls(method, path string, params openapi3.Parameters, o *openapi3.Operation) (all []curl) {
	for _, p := range params {
		if p.Value.In == openapi3.ParameterInPath {
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", fmt.Sprint(p.Value.Example))
		}
	}
	bodies := []example{{}}
	if o.RequestBody != nil && o.RequestBody.Value.Required || o.OperationID == "startBDBImport" {
		bodies = examplesOf(o.RequestBody.Value.Content)
	}
	for _, b := range bodies {
		all = append(all, curl{b.name, 200, request{method: method, path: path, body: compact(b.value)}.line()})
	}
	for _, p := range params {
		if p.Value.In == openapi3.ParameterInQuery {
			value := p.Value.Example
			if value == nil {
				value = p.Value.Schema.Value.Enum[0]
			}
			query := path + "?" + p.Value.Name + "=" + inQuery(value)
			status := 200
			if p.Value.Name == "extend_check" {
				status = 503 // the demo has no Active-Active database
			}
			all = append(all, curl{"with " + p.Value.Name, status, request{method: method, path: query, body: compact(bodies[0].value)}.line()})
		}
	}
	return all
}

func inQuery(value any) string {
	list, ok := value.([]any)
	if !ok {
		return url.QueryEscape(fmt.Sprint(value))
	}
	words := make([]string, len(list))
	for i, word := range list {
		words[i] = url.QueryEscape(fmt.Sprint(word))
	}
	return strings.Join(words, ",")
}

type example struct {
	name  string
	value any
}

// examplesOf returns a JSON content's examples by name, since the contract's order is lost in reading it.
func examplesOf(content openapi3.Content) (all []example) {
	media := content.Get("application/json")
	if media == nil {
		return nil
	}
	for name, e := range media.Examples {
		all = append(all, example{name, e.Value.Value})
	}
	slices.SortFunc(all, func(a, b example) int { return strings.Compare(a.name, b.name) })
	return all
}

func compact(value any) string {
	if value == nil {
		return ""
	}
	return strings.TrimSpace(encode(value, ""))
}

func indented(value any) string { return strings.TrimSpace(encode(value, "  ")) }

func encode(value any, indent string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(value); err != nil {
		return err.Error() // what was read from YAML can be written as JSON
	}
	return b.String()
}
