package api_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/gen/api"
)

// TestStatusesAreTheContracts holds the table against openapi.yaml: no code lacks a status, and no example of an answer
// shows a code below another status than its own.
func TestStatusesAreTheContracts(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(reimport.Spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range doc.Components.Schemas["ErrorCode"].Value.Enum {
		if status := api.ErrorCode(code.(string)).Status(); status < 400 || http.StatusText(status) == "" {
			t.Errorf("%s has the status %d", code, status)
		}
	}
	examples := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				for _, code := range exampleCodes(response.Value) {
					examples++
					if got := strconv.Itoa(api.ErrorCode(code).Status()); got != status {
						t.Errorf("%s %s: the example of %s has the code %s, whose status is %s", method, path, status, code, got)
					}
				}
			}
		}
	}
	if examples == 0 {
		t.Error("the contract has no example of an error")
	}
	if status := api.ErrorCode("a_cluster's_own").Status(); status != 0 {
		t.Errorf("a code that the contract does not know has the status %d, want 0", status)
	}
}

// exampleCodes returns the error codes in the examples of a response.
func exampleCodes(response *openapi3.Response) (codes []string) {
	for _, media := range response.Content {
		values := []any{media.Example}
		for _, example := range media.Examples {
			values = append(values, example.Value.Value)
		}
		for _, value := range values {
			if object, ok := value.(map[string]any); ok && object["error_code"] != nil {
				codes = append(codes, object["error_code"].(string))
			}
		}
	}
	return codes
}
