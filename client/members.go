package client

import (
	"encoding/json"
	"errors"
	"fmt"
)

// members is a JSON object that is read member by member, so that one of an unexpected type spoils no other.
type members map[string]json.RawMessage

func readMembers(data []byte) (members, error) {
	var object members
	err := json.Unmarshal(data, &object)
	if err != nil || object == nil {
		return nil, errors.New("expected an object")
	}
	return object, nil
}

// member reads one member, the zero value if it is missing or null.
func member[T any](object members, name string) (T, error) {
	var value, zero T
	raw, ok := object[name]
	if !ok {
		return zero, nil
	}
	err := json.Unmarshal(raw, &value)
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		return zero, fmt.Errorf("%s: unexpected %s", name, wrong.Value)
	}
	return value, err
}
