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

var (
	userinfo   = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s"'<>]*@`)
	logins     = regexp.MustCompile(`(?i)\b(basic|bearer|jwt)\s+[A-Za-z0-9+/._~-]{8,}=*`)
	assignment = regexp.MustCompile(`(?i)([\w-]*(?:pass|secret|token|sig|key|credential)[\w-]*=)[^\s&"'<>]+`)
)

// Text hides the secrets in a text for people: those that are known, the user and password of a URL, and what follows a name
// that sounds like a secret's.
func (m *Mask) Text(text string) string {
	m.mu.RLock()
	for _, value := range m.known {
		text = strings.ReplaceAll(text, value, Shown)
	}
	m.mu.RUnlock()
	if strings.Contains(text, "@") {
		text = userinfo.ReplaceAllString(text, "${1}"+Shown+"@")
	}
	if strings.Contains(text, "=") {
		text = assignment.ReplaceAllString(text, "${1}"+Shown)
	}
	return logins.ReplaceAllString(text, "${1} "+Shown)
}

// harmless are the headers whose values are shown.
var harmless = []string{
	"Accept", "Accept-Encoding", "Allow", "Cache-Control", "Cluster-State-Id", "Connection", "Content-Length", "Content-Type", "Date", "Expect",
	"Location", "Origin", "Retry-After", "Sec-Fetch-Site", "Server", "Transfer-Encoding", "User-Agent", "Vary", "Www-Authenticate",
	"X-Api-Version", "X-Envoy-Upstream-Service-Time", "X-Request-Id",
}

// Header returns a copy with the values hidden of all headers but those that are known to hold no secrets. Of Authorization,
// it leaves the scheme. It learns the credentials.
func (m *Mask) Header(given http.Header) http.Header {
	masked := make(http.Header, len(given))
	for name, values := range given {
		for _, value := range values {
			masked[name] = append(masked[name], m.header(name, value))
		}
	}
	return masked
}

func (m *Mask) header(name, value string) string {
	switch {
	case name == "Authorization":
		return m.login(value)
	case slices.Contains(harmless, name):
		return m.Text(value)
	}
	return Shown
}

func (m *Mask) login(value string) string {
	scheme, rest, found := strings.Cut(value, " ")
	if !found {
		return Shown
	}
	m.Learn(strings.TrimSpace(rest))
	r := http.Request{Header: http.Header{"Authorization": {value}}}
	if _, password, ok := r.BasicAuth(); ok {
		m.Learn(password)
	}
	if !slices.Contains([]string{"basic", "bearer", "jwt", "digest"}, strings.ToLower(scheme)) {
		return Shown
	}
	return scheme + " " + Shown
}

// Target returns the path and query of a URL. It shows no values but those of parameters that the contract has.
func (m *Mask) Target(u *url.URL) string {
	target := m.Text(u.EscapedPath())
	if u.RawQuery == "" {
		return target
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		name, value, given := strings.Cut(pair, "=")
		switch {
		case name == "fields" || name == "dry_run":
			pairs[i] = m.Text(pair)
		case given && value != "":
			if plain, err := url.QueryUnescape(value); err == nil {
				m.Learn(plain)
			}
			pairs[i] = m.Text(name) + "=" + Shown
		default:
			pairs[i] = m.Text(name)
		}
	}
	return target + "?" + strings.Join(pairs, "&")
}
