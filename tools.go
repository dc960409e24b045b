//go:build tools

// Package tools pins the code generator to the version in go.mod, so that
// `go generate ./...` gives the same files on every machine.
package tools

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
)
