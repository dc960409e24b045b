// Contract reads contracts as the server reads its own, for contract.test.mjs, which compares that with what others read.
// It takes a JSON array of YAML texts on standard input and writes an array of readings.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/reimport/reimport/server"
)

// A reading is the value of a text, or why it has none.
type reading struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		log.Fatal(err)
	}
	readings := make([]reading, len(texts))
	for i, text := range texts {
		value, err := server.SpecJSON([]byte(text))
		if err != nil {
			readings[i].Error = err.Error()
		}
		readings[i].Value = value
	}
	if err := json.NewEncoder(os.Stdout).Encode(readings); err != nil {
		log.Fatal(err)
	}
}
