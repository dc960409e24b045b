package contract

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxBody is the size in bytes up to which a request's body is read.
const MaxBody = 64 << 10

// maxDepth is how deep the objects and lists of a body may be nested. Readers of answers give up at some depth, Python's at
// a thousand, and the path that a refusal names grows with it.
const maxDepth = 100

// Decode reads one JSON value. A name that is given twice, a number beyond a double and invalid UTF-8 are refused: readers
// disagree about what they mean. Numbers are json.Number, in one spelling for each value. Decode also returns the text of each
// member of an object, as it came. The error is a *Mismatch.
func Decode(data []byte) (any, map[string]json.RawMessage, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, nil, &Mismatch{"body", "one JSON value"}
	}
	d := decoder{tokens: json.NewDecoder(bytes.NewReader(data)), data: data}
	d.tokens.UseNumber()
	text := map[string]json.RawMessage{}
	value, err := d.value("", text)
	return value, text, err
}

// decoder walks JSON that is known to be valid.
type decoder struct {
	tokens *json.Decoder
	data   []byte
	depth  int // of the object or list that a value is in
}

// value reads a value. It puts the text of an object's members into text, unless that is nil.
func (d decoder) value(path string, text map[string]json.RawMessage) (any, error) {
	token, err := d.tokens.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Number:
		return number(t, path)
	case json.Delim:
		if d.depth++; d.depth > maxDepth {
			return nil, &Mismatch{"body", "objects and lists at most " + strconv.Itoa(maxDepth) + " deep"}
		}
		if t == '{' {
			return d.object(path, text)
		}
		return d.array(path)
	}
	return token, nil
}

func (d decoder) object(path string, text map[string]json.RawMessage) (any, error) {
	members := map[string]any{}
	for d.tokens.More() {
		token, err := d.tokens.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		at := memberPath(path, name)
		if _, twice := members[name]; twice {
			return nil, &Mismatch{at, "once"}
		}
		start := d.tokens.InputOffset()
		if members[name], err = d.value(at, nil); err != nil {
			return nil, err
		}
		if text != nil {
			text[name] = bytes.TrimLeft(d.data[start:d.tokens.InputOffset()], ": \t\r\n")
		}
	}
	_, err := d.tokens.Token() // the closing brace
	return members, err
}

func (d decoder) array(path string) (any, error) {
	items := []any{}
	for d.tokens.More() {
		item, err := d.value(path+"["+strconv.Itoa(len(items))+"]", nil)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := d.tokens.Token() // the closing bracket
	return items, err
}

// digitsOfDouble is from how many characters on an integer may be beyond a double.
const digitsOfDouble = 309

// number gives 1.0 and 1e3, which are integers to JSON and to the contract, the spelling that Go's integers have.
func number(n json.Number, path string) (json.Number, error) {
	if !strings.ContainsAny(n.String(), ".eE") && len(n) < digitsOfDouble && n != "-0" {
		return n, nil
	}
	f, err := n.Float64()
	switch {
	case err != nil:
		return n, &Mismatch{path, "a number that a double can hold"}
	case !strings.ContainsAny(n.String(), ".eE") && f != 0:
		return n, nil
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return json.Number(strconv.FormatInt(int64(f), 10)), nil
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
}

// memberPath writes the path of a member as people do: backup_location.path. A name is cut to what a message can take.
func memberPath(path, name string) string {
	if len(name) > 64 || !plainName(name) {
		name = strconv.Quote(name[:min(len(name), 64)])
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func plainName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
