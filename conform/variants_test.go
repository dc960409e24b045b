package conform

import (
	"strings"
	"testing"
)

func TestTryVariants(t *testing.T) {
	s := oursAt(startOurs(t).URL)
	s.Create = true
	report, err := Check(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range report.Results {
		n += len(r.Tried)
		if strings.HasPrefix(r.Name, "variants") && r.Outcome != Kept {
			t.Errorf("%s %s %s\n%s", r.Operation, r.Name, r.Outcome, r.Reason)
		}
	}
	t.Log(n, len(report.Results))
}
