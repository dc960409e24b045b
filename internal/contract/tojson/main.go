// Tojson converts contracts from YAML to JSON. With the names of two files, it writes what is in the first to the second:
// that is how gen/openapi.json comes to be, which the server reads.
//
// Without, it is for contract.test.mjs, which compares what it reads with what others read: it takes a JSON array of YAML
// texts on standard input and writes an array of readings.
package main

import (
	"encoding/json"
	"log"
	"os"

	"go.yaml.in/yaml/v3"
)

// A reading is the value of a text, or why it has none.
type reading struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	log.SetFlags(0)
	do := readAll
	if len(os.Args) == 3 {
		do = func() error { return convertFile(os.Args[1], os.Args[2]) }
	}
	if err := do(); err != nil {
		log.Fatal(err)
	}
}

func convertFile(from, to string) error {
	text, err := os.ReadFile(from) //nolint:gosec // whoever runs it names the file
	if err != nil {
		return err
	}
	value, err := convert(text)
	if err != nil {
		return err
	}
	return os.WriteFile(to, value, 0o644) //nolint:gosec // a file of the repository, as others are
}

func convert(text []byte) (json.RawMessage, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

func readAll() error {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		return err
	}
	readings := make([]reading, len(texts))
	for i, text := range texts {
		value, err := convert([]byte(text))
		if err != nil {
			readings[i].Error = err.Error()
		}
		readings[i].Value = value
	}
	return json.NewEncoder(os.Stdout).Encode(readings)
}
