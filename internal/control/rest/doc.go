// Package rest is generated from controls.yaml: the echo routes of every operation and the strict handler's interface,
// on the types of package api.
package rest

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config oapi-codegen.yaml ../controls.yaml
