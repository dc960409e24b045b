package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"
)

// buildInfo is what the go command recorded in the binary, so that `go install` gives the same answer as a release does.
// Empty is unknown.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Time     string `json:"time"` // of the revision
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
}

func build() buildInfo {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return buildInfo{Version: "unknown"}
	}
	b := buildInfo{Version: info.Main.Version, Go: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func newVersionCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Print the version of this binary, and the revision and the Go that it was built from. What is unknown is empty.",
		Example: `  reimport version
  reimport version -q version`,
		Args: noMore,
		RunE: func(*cobra.Command, []string) error {
			if err := a.output.check(); err != nil {
				return err
			}
			return a.print(build(), "version", "revision", "time", "modified", "go")
		},
	}
	a.output.register(cmd)
	return cmd
}
