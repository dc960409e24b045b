package control

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/reimport/reimport/internal/contract"
)

// hidden is what the trace has in the place of a secret.
const hidden = "***"

// secrets knows the members of the contract by their names, and whether their values are secret.
type secrets map[string]bool

// secretsOf reads the contract, which marks secrets as writeOnly or as passwords.
func secretsOf(c *contract.Contract) secrets {
	s := secrets{}
	for _, schema := range c.Doc.Components.Schemas {
		for name, property := range schema.Value.Properties {
			s[name] = s[name] || property.Value.WriteOnly || property.Value.Format == "password"
		}
	}
	return s
}

// secretName is how people name what the contract does not know.
var secretName = regexp.MustCompile(`(?i)pass|pwd|secret|token|credential|private|auth$|cookie|session|signature|(key|uri|url)$`)

func (s secrets) name(name string) bool {
	secret, known := s[name]
	return secret || !known && (s[strings.ToLower(name)] || secretName.MatchString(name))
}

// These hold what a URL may hide: a user with a password, which people do not escape, and what follows its path.
var (
	userinfo = regexp.MustCompile(`(?s)://.*@`)
	urlTail  = regexp.MustCompile(`(?s)(://[^?#]*[?#]).*`)
)

// text returns a text without the secrets in it.
func (s secrets) text(text string) string {
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		return s.json([]byte(trimmed))
	}
	if !strings.Contains(text, "://") {
		return text
	}
	text = userinfo.ReplaceAllLiteralString(text, "://"+hidden+"@")
	return urlTail.ReplaceAllString(text, "${1}"+hidden)
}

// queryPair is one of a query, in either of the ways in which they have been separated.
var queryPair = regexp.MustCompile(`[^&;]+`)

// path returns the path and the query of u.
func (s secrets) path(u *url.URL) string {
	if u.RawQuery == "" {
		return s.text(u.EscapedPath())
	}
	return s.text(u.EscapedPath()) + "?" + queryPair.ReplaceAllStringFunc(u.RawQuery, func(p string) string {
		given, text, _ := strings.Cut(p, "=")
		name, err1 := url.QueryUnescape(given)
		value, err2 := url.QueryUnescape(text)
		if err1 != nil || err2 != nil || s.name(name) || s.text(name) != name || s.text(value) != value {
			return given + "=" + hidden
		}
		return p
	})
}

// schemes are the kinds of credentials in an Authorization that say nothing by themselves.
var schemes = []string{"basic", "bearer", "digest", "negotiate"}

// header returns a copy of h without the secrets in it.
func (s secrets) header(h http.Header) http.Header {
	masked := h.Clone()
	for name, values := range masked {
		for i, value := range values {
			values[i] = s.headerValue(name, value)
		}
	}
	return masked
}

func (s secrets) headerValue(name, value string) string {
	switch name {
	case "Www-Authenticate", "X-Request-Id":
		return value
	case "Authorization":
		if scheme, _, ok := strings.Cut(value, " "); ok && slices.Contains(schemes, strings.ToLower(scheme)) {
			return scheme + " " + hidden
		}
		return hidden
	}
	if secretName.MatchString(name) || strings.Contains(name, "Auth") {
		return hidden
	}
	return s.text(value)
}

// json returns a JSON text, or the beginning of one, without the secrets in it. The result ends before what is not JSON.
func (s secrets) json(data []byte) string {
	m := masker{secrets: s, tokens: json.NewDecoder(bytes.NewReader(data)), data: data}
	m.tokens.UseNumber()
	for m.value("") == nil {
	}
	return m.out.String()
}

// masker copies JSON.
type masker struct {
	secrets secrets
	tokens  *json.Decoder
	data    []byte
	at      int64 // the end of the last token
	out     bytes.Buffer
}

// next returns a token, its text, and the text between it and the one before.
func (m *masker) next() (token json.Token, text, between []byte, err error) {
	if token, err = m.tokens.Token(); err != nil {
		return nil, nil, nil, err
	}
	all := m.data[m.at:m.tokens.InputOffset()]
	m.at = m.tokens.InputOffset()
	text = bytes.TrimLeft(all, ":, \t\r\n")
	return token, text, all[:len(all)-len(text)], nil
}

// value copies a value, the one of a member if name is not empty.
func (m *masker) value(name string) error {
	token, text, between, err := m.next()
	if err != nil {
		return err
	}
	m.out.Write(between)
	if m.secrets.name(name) && token != "" && token != nil { // which are no secrets
		m.out.WriteString(`"` + hidden + `"`)
		return m.skip(token)
	}
	if t, ok := token.(string); ok && m.secrets.text(t) != t {
		text, _ = json.Marshal(m.secrets.text(t)) // a string has a JSON
	}
	m.out.Write(text)
	if open, ok := token.(json.Delim); ok {
		return m.values(open == '{')
	}
	return nil
}

// values copies what is in an object or in a list, and its end.
func (m *masker) values(named bool) error {
	for m.tokens.More() {
		name := ""
		if named {
			token, text, between, err := m.next()
			if err != nil {
				return err
			}
			name, _ = token.(string)
			m.out.Write(between)
			m.out.Write(text)
		}
		if err := m.value(name); err != nil {
			return err
		}
	}
	_, text, between, err := m.next()
	m.out.Write(between)
	m.out.Write(text)
	return err
}

// skip reads to the end of the value that a token begins.
func (m *masker) skip(token json.Token) error {
	depth := 0
	for {
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			m.at = m.tokens.InputOffset()
			return nil
		}
		var err error
		if token, err = m.tokens.Token(); err != nil {
			return err
		}
	}
}
