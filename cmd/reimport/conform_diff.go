package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/conform"
)

// errDifferent ends with exit code 1, as diff does.
var errDifferent = errors.New("the transcripts differ")

func newConformDiffCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "diff FILE FILE",
		Short: "Compare two transcripts",
		Long: `Compare two transcripts, and print what differs.

Of exchanges that ask the same, the first of one file belongs to the first of the other, and so on; the order of different
ones does not matter. The exit code is 1 if the transcripts differ.`,
		Example: `  reimport conform --read-only --transcript before.txt
  reimport conform --read-only --transcript after.txt
  reimport conform diff before.txt after.txt`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			first, err := os.Open(args[0])
			if err != nil {
				return usageError(err)
			}
			defer first.Close()
			other, err := os.Open(args[1])
			if err != nil {
				return usageError(err)
			}
			defer other.Close()
			changes, err := conform.Diff(args[0], first, args[1], other)
			if err != nil {
				return usageError(err)
			}
			if changes != "" {
				fmt.Fprint(a.out, changes)
				return errDifferent
			}
			return nil
		},
	}
}
