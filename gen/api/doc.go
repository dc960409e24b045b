// Package api is generated from openapi.yaml: the types of the wire and an HTTP client for every operation.
// Package client makes it pleasant to use.
package api

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config oapi-codegen.yaml ../../openapi.yaml
