// Package reimport is an open implementation of the import lifecycle of Redis Software's REST API: one contract,
// a server that really does it, a typed client and a command line.
//
// The server is in package server, the client in package client, the command in cmd/reimport.
package reimport

import _ "embed"

// Spec is openapi.yaml, the contract that everything else is generated from or checked against, byte for byte.
//
//go:embed openapi.yaml
var Spec []byte

// SpecJSON is openapi.yaml as JSON, which is read in a tenth of the time.
//
//go:generate go run ./internal/contract/tojson openapi.yaml gen/openapi.json
//go:embed gen/openapi.json
var SpecJSON []byte
