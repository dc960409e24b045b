package secret

import (
	"bytes"
	"encoding/json"
	"strings"
)

// JSON returns a JSON text with the values hidden of all members that may hold a secret, and of all that is not JSON. It may
// be the beginning of one: a string that is cut off is left out. Empty strings and nulls stay, as they are no secrets.
func (m *Mask) JSON(text []byte) []byte {
	s := scan{mask: m, text: text}
	for s.at < len(s.text) {
		s.next()
	}
	return s.out.Bytes()
}

// scan is one walk over a JSON text. It takes what it does not expect for a value.
type scan struct {
	mask *Mask
	text []byte
	at   int
	out  bytes.Buffer

	open   []level
	name   bool // a name is next
	secret bool // the value that is next is one
}

// level is an object or a list that is open.
type level struct{ object, secret bool }

func (s *scan) inside() level {
	if len(s.open) == 0 {
		return level{}
	}
	return s.open[len(s.open)-1]
}

func (s *scan) next() {
	c := s.text[s.at]
	switch c {
	case '"':
		s.string()
		return
	case '{', '[':
		s.open = append(s.open, level{c == '{', s.secret || s.inside().secret})
		s.name, s.secret = c == '{', false
	case '}', ']':
		if len(s.open) > 0 {
			s.open = s.open[:len(s.open)-1]
		}
		s.name, s.secret = false, false
	case ',':
		s.name, s.secret = s.inside().object, false
	case ':':
		s.name = false
	case ' ', '\t', '\r', '\n':
	default:
		s.literal()
		return
	}
	s.out.WriteByte(c)
	s.at++
}

func (s *scan) string() {
	end := s.at + 1
	for end < len(s.text) && s.text[end] != '"' {
		if s.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s.text) {
		s.at = len(s.text)
		return
	}
	raw := s.text[s.at : end+1]
	s.at = end + 1
	var plain string
	if json.Unmarshal(raw, &plain) != nil {
		s.write(Shown)
		return
	}
	switch {
	case s.name:
		s.secret = IsMember(plain)
	case plain == "":
	case s.secret || s.inside().secret:
		s.mask.Learn(plain)
		s.write(Shown)
		return
	}
	if masked := s.mask.Text(plain); masked != plain {
		s.write(masked)
		return
	}
	s.out.Write(raw)
}

// write writes a string that stands for another.
func (s *scan) write(plain string) {
	text, _ := json.Marshal(plain)
	s.out.Write(text)
}

// literal writes a number or a word.
func (s *scan) literal() {
	rest := s.text[s.at:]
	if end := bytes.IndexAny(rest, "\"{}[],: \t\r\n"); end >= 0 {
		rest = rest[:end]
	}
	s.at += len(rest)
	hidden := s.secret || s.inside().secret
	if word := string(rest); word == "null" || !hidden && (word == "true" || word == "false" || isNumber(word)) {
		s.out.Write(rest)
		return
	}
	if isNumber(string(rest)) {
		s.mask.Learn(string(rest))
	}
	s.write(Shown)
}

func isNumber(word string) bool {
	return strings.Trim(word, "0123456789+-.eE") == ""
}
