package conform_test

import (
	"os"
	"testing"

	"github.com/reimport/reimport/conform"
)

// In a test of one's own, each case is a subtest.
func ExampleRun() {
	_ = func(t *testing.T) {
		conform.Run(t, conform.Server{
			URL:  os.Getenv("REDIS_ENTERPRISE_URL"),
			User: os.Getenv("REDIS_ENTERPRISE_USER"), Password: os.Getenv("REDIS_ENTERPRISE_PASSWORD"),
			Create: true,
		})
	}
}
