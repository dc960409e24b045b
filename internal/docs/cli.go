package docs

import "github.com/spf13/cobra"

// CLI returns the page of the command line.
func CLI(root *cobra.Command) ([]byte, error) {
	all := describe(root)
	var shared []flag
	for _, c := range all.leaves() {
		if len(c.Shared) > len(shared) {
			shared = c.Shared
		}
	}
	return render("cli.md.tmpl", map[string]any{"Root": all, "Commands": all.leaves(), "Shared": shared, "Topics": topics(root)})
}
