package control

import _ "embed"

// Controls is controls.yaml, the contract of the controls.
//
//go:embed controls.yaml
var Controls []byte
