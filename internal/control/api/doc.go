// Package api is generated from controls.yaml: the types of the emulator's controls and an HTTP client for every operation.
package api

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config oapi-codegen.yaml ../controls.yaml
