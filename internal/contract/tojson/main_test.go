package main

import (
	"bytes"
	"testing"

	"github.com/reimport/reimport"
)

// TestGenerated holds what the server reads against the contract.
func TestGenerated(t *testing.T) {
	want, err := convert(reimport.Spec)
	if err != nil || !bytes.Equal(reimport.SpecJSON, want) {
		t.Errorf("gen/openapi.json is stale: run make generate (%v)", err)
	}
}
