package control

import _ "embed"

// Controls is controls.yaml, the contract of the controls, as JSON, which is read in a tenth of the time.
//
//go:generate go run ../contract/tojson controls.yaml controls.json
//go:embed controls.json
var Controls []byte
