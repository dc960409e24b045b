package docs

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// command is what a page says of a command.
type command struct {
	Path, Usage, Short string
	Text               []paragraph
	Examples           []string
	Flags, Shared      []flag // its own, and those of its noun
	Verbs              []command
}

// Anchor is the fragment of a heading with the command's path.
func (c command) Anchor() string { return strings.ReplaceAll(c.Path, " ", "-") }

// paragraph is a piece of a long help text. An indented one is verbatim.
type paragraph struct {
	Text     string
	Verbatim bool
}

type flag struct {
	Name, Shorthand, Value string
	Default, Environment   string
	Usage                  string
}

// describe reads a command and those below it, in their order.
func describe(cmd *cobra.Command) command {
	c := command{
		Path: cmd.CommandPath(), Short: cmd.Short, Text: paragraphs(cmd.Long),
		Flags: flags(cmd.NonInheritedFlags()), Shared: flags(cmd.InheritedFlags()),
	}
	c.Usage = cmd.UseLine()                                 // which says [flags] only once these are gathered
	if cmd.HasAvailableSubCommands() && cmd.Example == "" { // a noun, which does nothing by itself
		c.Usage = c.Path + " COMMAND [flags]"
	}
	if cmd.Long == "" {
		c.Text = []paragraph{{Text: cmd.Short + "."}}
	}
	if cmd.Example != "" {
		c.Examples = strings.Split(undent(cmd.Example), "\n")
	}
	for _, sub := range cmd.Commands() {
		if !sub.IsAdditionalHelpTopicCommand() {
			c.Verbs = append(c.Verbs, describe(sub))
		}
	}
	return c
}

// leaves are the commands that do something, and not only group others.
func (c command) leaves() (all []command) {
	if len(c.Verbs) == 0 || len(c.Examples) > 0 {
		all = append(all, c)
	}
	for _, verb := range c.Verbs {
		all = append(all, verb.leaves()...)
	}
	return all
}

// topics are the help texts that belong to no command.
func topics(root *cobra.Command) (all []command) {
	for _, cmd := range root.Commands() {
		if cmd.IsAdditionalHelpTopicCommand() {
			all = append(all, command{Path: cmd.Name(), Short: cmd.Short, Text: paragraphs(cmd.Long)})
		}
	}
	return all
}

// paragraphs undoes the breaking of lines but for those that are indented.
func paragraphs(text string) (all []paragraph) {
	verbatim := false
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		indented := strings.HasPrefix(line, "  ")
		switch {
		case line == "":
			verbatim = false
			all = append(all, paragraph{})
		case i == 0 || indented != verbatim || all[len(all)-1].Text == "":
			all, verbatim = append(all, paragraph{line, indented}), indented
		case indented:
			all[len(all)-1].Text += "\n" + line
		default:
			all[len(all)-1].Text += " " + line
		}
	}
	kept := all[:0]
	for _, p := range all {
		if p.Verbatim {
			p.Text = undent(p.Text)
		}
		if p.Text != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

func undent(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(text, "  "), "\n  ", "\n")
}

func flags(set *pflag.FlagSet) (all []flag) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !f.Hidden {
			all = append(all, describeFlag(f))
		}
	})
	return all
}

var (
	twin  = regexp.MustCompile(` \(([A-Z_]+)\)`)
	ahead = regexp.MustCompile(` \(default ([^)]+)\)`)
)

// describeFlag takes a flag's help apart: its value's name is in backquotes, its variable and a default that is made only
// at the start in parentheses.
func describeFlag(f *pflag.Flag) flag {
	value, usage := pflag.UnquoteUsage(f)
	d := flag{Name: f.Name, Shorthand: f.Shorthand, Value: value, Default: defaultOf(f)}
	if found := twin.FindStringSubmatch(usage); found != nil {
		d.Environment, usage = found[1], twin.ReplaceAllString(usage, "")
	}
	if found := ahead.FindStringSubmatch(usage); found != nil {
		d.Default, usage = found[1], ahead.ReplaceAllString(usage, "")
	}
	d.Usage = usage
	return d
}

// defaultOf writes a default as a person would: no zero units, and large sizes in powers of two.
func defaultOf(f *pflag.Flag) string {
	text := f.DefValue
	switch text {
	case "", "[]", "false":
		return ""
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 1<<30 && n%(1<<30) == 0 {
		return text + " (" + strconv.FormatInt(n>>30, 10) + " GiB)"
	}
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}
