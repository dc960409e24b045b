package secret

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Mask hides secrets, and learns them: a value that was found where secrets are is hidden wherever it comes up later, as in
// the text of an error. The zero value knows none. It is safe for concurrent use.
type Mask struct {
	mu    sync.RWMutex
	known []string // the longest first, as one may be part of another
}

// A Mask remembers so many values, of at least so many bytes: to hide each "a" would leave nothing to read.
const (
	maxKnown = 4096
	minKnown = 4
)

// Learn makes value a secret.
func (m *Mask) Learn(value string) {
	for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value)} {
		if len(form) >= minKnown && form != Shown {
			m.learn(form)
		}
	}
}

func (m *Mask) learn(value string) {
	m.mu.RLock()
	known := slices.Contains(m.known, value)
	m.mu.RUnlock()
	if known {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) == maxKnown || slices.Contains(m.known, value) {
		return
	}
	m.known = append(m.known, value)
	slices.SortStableFunc(m.known, func(a, b string) int { return len(b) - len(a) })
}

// These hold what a URL may hide, a user with a password, which people do not escape, and what follows its path; what
// programs print of a login; and what follows a name and an equals sign.
var (
	userinfo   = regexp.MustCompile(`(?s)://.*@`)
	urlTail    = regexp.MustCompile(`(?s)(://[^?#]*[?#]).*`)
	logins     = regexp.MustCompile(`(?i)\b(basic|bearer|jwt)\s+[A-Za-z0-9+/._~-]{8,}=*`)
	assignment = regexp.MustCompile(`(?i)([\w-]*(?:pass|secret|token|sig|key|credential)[\w-]*=)[^\s&"'<>]+`)
)

// Text hides the secrets in a text: those that are known, and those that their surroundings give away.
func (m *Mask) Text(text string) string {
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		return string(m.JSON([]byte(trimmed)))
	}
	m.mu.RLock()
	for _, value := range m.known {
		text = strings.ReplaceAll(text, value, Shown)
	}
	m.mu.RUnlock()
	if strings.Contains(text, "://") {
		text = userinfo.ReplaceAllLiteralString(text, "://"+Shown+"@")
		text = urlTail.ReplaceAllString(text, "${1}"+Shown)
	}
	if strings.Contains(text, "=") {
		text = assignment.ReplaceAllString(text, "${1}"+Shown)
	}
	if strings.ContainsAny(text, " \t") {
		text = logins.ReplaceAllString(text, "${1} "+Shown)
	}
	return text
}

// schemes are the kinds of credentials in an Authorization that say nothing by themselves.
var schemes = []string{"basic", "bearer", "digest", "jwt", "negotiate"}

// Header returns a copy of h without the secrets in it. Of Authorization, it leaves the scheme. It learns the credentials.
func (m *Mask) Header(h http.Header) http.Header {
	masked := h.Clone()
	for name, values := range masked {
		for i, value := range values {
			values[i] = m.header(name, value)
		}
	}
	return masked
}

func (m *Mask) header(name, value string) string {
	switch {
	case name == "Www-Authenticate" || name == "X-Request-Id":
		return value
	case name == "Authorization":
		return m.login(value)
	case suspicious.MatchString(name) || strings.Contains(name, "Auth"):
		m.Learn(value)
		return Shown
	}
	return m.Text(value)
}

func (m *Mask) login(value string) string {
	scheme, rest, found := strings.Cut(value, " ")
	if !found || !slices.Contains(schemes, strings.ToLower(scheme)) {
		m.Learn(value)
		return Shown
	}
	m.Learn(strings.TrimSpace(rest))
	r := http.Request{Header: http.Header{"Authorization": {value}}}
	if _, password, ok := r.BasicAuth(); ok {
		m.Learn(password)
	}
	return scheme + " " + Shown
}

// queryPair is one of a query, in either of the ways in which they have been separated.
var queryPair = regexp.MustCompile(`[^&;]+`)

// Target returns the path and the query of a URL without the secrets in them.
func (m *Mask) Target(u *url.URL) string {
	if u.RawQuery == "" {
		return m.Text(u.EscapedPath())
	}
	return m.Text(u.EscapedPath()) + "?" + queryPair.ReplaceAllStringFunc(u.RawQuery, m.pair)
}

func (m *Mask) pair(pair string) string {
	given, text, _ := strings.Cut(pair, "=")
	name, err1 := url.QueryUnescape(given)
	value, err2 := url.QueryUnescape(text)
	switch {
	case err1 == nil && err2 == nil && IsMember(name):
		m.Learn(value)
	case err1 == nil && err2 == nil && m.Text(name) == name && m.Text(value) == value:
		return pair
	}
	return given + "=" + Shown
}
