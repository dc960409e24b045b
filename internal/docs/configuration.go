package docs

import "github.com/spf13/cobra"

// Configuration returns the page of what `serve` is told. variable names the twin of a flag in the environment, and setup
// is the Go file with the types of a set-up file.
func Configuration(root *cobra.Command, variable func(flag string) string, setup string) ([]byte, error) {
	serve, _, err := root.Find([]string{"serve"})
	if err != nil {
		return nil, err
	}
	c := describe(serve)
	for i, f := range c.Flags {
		c.Flags[i].Environment = variable(f.Name)
		if f.Value == "" {
			c.Flags[i].Value = "true or false"
			if f.Default == "" {
				c.Flags[i].Default = "false"
			}
		}
	}
	fields, err := setupFile(setup)
	if err != nil {
		return nil, err
	}
	return render("configuration.md.tmpl", map[string]any{"Serve": c, "Sections": fields})
}
