package conform

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// shownBytes is how much of a body a report shows.
const shownBytes = 2048

// texts show an exchange, without the credentials and passwords in it.
func (x *exchange) texts() (request, response string) {
	if x == nil {
		return "", ""
	}
	request = fmt.Sprintf("> %s %s", x.req.Method, x.req.URL.RequestURI())
	if kind := x.req.Header.Get("Content-Type"); kind != "" {
		request += "\n> Content-Type: " + kind
	}
	if x.sent != "" {
		request += "\n> " + shownBody(x.sent)
	}
	if x.status == 0 {
		return request, "< no answer"
	}
	response = fmt.Sprintf("< %d", x.status)
	for _, name := range []string{"Content-Type", "Location", "Www-Authenticate", "Allow", "X-Request-Id"} {
		if value := x.header.Get(name); value != "" {
			response += fmt.Sprintf("\n< %s: %s", name, value)
		}
	}
	if len(x.body) > 0 {
		response += "\n< " + shownBody(string(x.body))
	}
	return request, response
}

// secret are the members that hold one, in any object.
var secret = regexp.MustCompile(`("(?:[a-z_]*pass|password|secret[a-z_]*|key|account_key|sas_token|access_key_id|private_key(?:_id)?|url|sftp_url|uri)"\s*:\s*")((?:[^"\\]|\\.)+)"`)

func shownBody(body string) string {
	masked := secret.ReplaceAllString(body, `$1***"`)
	if len(masked) > shownBytes {
		masked = masked[:shownBytes] + " ..."
	}
	return strings.ToValidUTF8(masked, "?")
}

var index = regexp.MustCompile(`\[\d+\]`)

// note keeps what an answer has beyond the contract, once in a run.
func (r *run) note(b Breach) {
	line := fmt.Sprintf("%s: %s: %s, expected %s", b.Operation, index.ReplaceAllString(b.Where, "[]"), b.Found, b.Expected)
	if !slices.Contains(r.notes, line) {
		r.notes = append(r.notes, line)
	}
}
