package secret

import (
	"bytes"
	"encoding/json"
)

// JSON returns a JSON text, or the beginning of one, without the values of all members that may hold a secret. The result ends
// before what is not JSON. Empty strings and nulls stay, as they are no secrets.
func (m *Mask) JSON(data []byte) []byte {
	c := copier{mask: m, tokens: json.NewDecoder(bytes.NewReader(data)), data: data}
	c.tokens.UseNumber()
	for c.value("") == nil {
	}
	return c.out.Bytes()
}

// copier copies JSON.
type copier struct {
	mask   *Mask
	tokens *json.Decoder
	data   []byte
	at     int64 // the end of the last token
	out    bytes.Buffer
}

// next returns a token, its text, and the text between it and the one before.
func (c *copier) next() (token json.Token, text, between []byte, err error) {
	if token, err = c.tokens.Token(); err != nil {
		return nil, nil, nil, err
	}
	all := c.data[c.at:c.tokens.InputOffset()]
	c.at = c.tokens.InputOffset()
	text = bytes.TrimLeft(all, ":, \t\r\n")
	return token, text, all[:len(all)-len(text)], nil
}

// value copies a value, the one of a member if name is not empty.
func (c *copier) value(name string) error {
	token, text, between, err := c.next()
	if err != nil {
		return err
	}
	c.out.Write(between)
	if name != "" && IsMember(name) && token != "" && token != nil { // which are no secrets
		c.out.WriteString(`"` + Shown + `"`)
		return c.skip(token)
	}
	c.string(token, text)
	if open, ok := token.(json.Delim); ok {
		return c.values(open == '{')
	}
	return nil
}

// string writes a token, without the secrets in it if it is a string.
func (c *copier) string(token json.Token, text []byte) {
	if given, ok := token.(string); ok {
		if masked := c.mask.Text(given); masked != given {
			text, _ = json.Marshal(masked) // a string has a JSON
		}
	}
	c.out.Write(text)
}

// values copies what is in an object or in a list, and its end.
func (c *copier) values(named bool) error {
	for c.tokens.More() {
		name := ""
		if named {
			token, text, between, err := c.next()
			if err != nil {
				return err
			}
			name, _ = token.(string)
			c.out.Write(between)
			c.string(token, text)
		}
		if err := c.value(name); err != nil {
			return err
		}
	}
	_, text, between, err := c.next()
	c.out.Write(between)
	c.out.Write(text)
	return err
}

// skip reads to the end of the value that a token begins, and learns what is in it.
func (c *copier) skip(token json.Token) error {
	depth := 0
	for {
		switch t := token.(type) {
		case json.Delim:
			if depth--; t == '{' || t == '[' {
				depth += 2
			}
		case string:
			c.mask.Learn(t)
		case json.Number:
			c.mask.Learn(t.String())
		}
		if depth == 0 {
			c.at = c.tokens.InputOffset()
			return nil
		}
		var err error
		if token, err = c.tokens.Token(); err != nil {
			return err
		}
	}
}
