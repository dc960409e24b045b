package conform

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/reimport/reimport/internal/secret"
)

// shownBytes is how much of a body a report shows.
const shownBytes = 2048

// texts show an exchange, without the credentials and passwords in it.
func (r *run) texts(x *exchange) (request, response string) {
	if x == nil {
		return "", ""
	}
	request = fmt.Sprintf("> %s %s", x.req.Method, r.mask.Target(x.req.URL))
	if kind := x.req.Header.Get("Content-Type"); kind != "" {
		request += "\n> Content-Type: " + kind
	}
	if x.sent != "" {
		request += "\n> " + r.shownBody(x.sent)
	}
	if x.status == 0 {
		return request, "< no answer"
	}
	response = fmt.Sprintf("< %d", x.status)
	for _, name := range []string{"Content-Type", "Location", "Www-Authenticate", "Allow", "X-Request-Id"} {
		if value := x.header.Get(name); value != "" {
			response += fmt.Sprintf("\n< %s: %s", name, r.mask.Text(value))
		}
	}
	if len(x.body) > 0 {
		response += "\n< " + r.shownBody(string(x.body))
	}
	return request, response
}

func (r *run) shownBody(body string) string {
	masked := string(r.mask.JSON([]byte(body)))
	if len(masked) > shownBytes {
		masked = masked[:shownBytes] + " ..."
	}
	return strings.ToValidUTF8(masked, "?")
}

var index = regexp.MustCompile(`\[\d+\]`)

// shownValue is a value of a member for a report.
func shownValue(name string, value any) string {
	if value != nil && value != "" && secret.IsMember(name) {
		return "a secret"
	}
	return inJSON(value)
}

// note keeps what an answer has beyond the contract, once in a run.
func (r *run) note(b Breach) {
	line := fmt.Sprintf("%s: %s: %s, expected %s", b.Operation, index.ReplaceAllString(b.Where, "[]"), b.Found, b.Expected)
	if !slices.Contains(r.notes, line) {
		r.notes = append(r.notes, line)
	}
}
