package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reimport/reimport/internal/access"
)

func newHashPasswordCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "hash-password",
		Short: "Hash a password for a users file",
		Long: `Read a password of 1 to 72 bytes without NUL from the first line of standard input and print its bcrypt hash, as it
stands behind password_hash in a users or seed file. A server takes the new hash when it is restarted.`,
		Example: `  printf %s "$PASSWORD" | reimport hash-password`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
			if err != nil && line == "" {
				return usageError(fmt.Errorf("standard input: expected a password"))
			}
			hash, err := access.HashPassword(strings.TrimRight(line, "\r\n"))
			if err != nil {
				return usageError(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), hash)
			return nil
		},
	}
}
