package docs

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Man returns the man pages of section 1 by their file names. They bear no date and no version, so that the same commands
// make the same pages.
func Man(root *cobra.Command) map[string][]byte {
	all := describe(root)
	m := manual{pages: map[string][]byte{}, topics: topics(root)}
	m.add(all, nil)
	return m.pages
}

type manual struct {
	pages  map[string][]byte
	topics []command
}

func (m *manual) add(c command, parents []command) {
	var p roff
	p.macro("TH", strings.ToUpper(c.Anchor()), "1", "", "reimport", "Manual of reimport")
	p.WriteString(".nh\n.ad l\n") // no hyphens in what a reader may copy, and no holes in between
	p.macro("SH", "NAME")
	p.text(c.Anchor() + " - " + c.Short)
	p.macro("SH", "SYNOPSIS")
	p.bold(c.Usage)
	p.macro("SH", "DESCRIPTION")
	p.paragraphs(c.Text)
	p.verbs(c)
	p.flags("OPTIONS", c.Flags)
	p.flags("OPTIONS FOR REACHING A SERVER", c.Shared)
	if len(parents) == 0 {
		for _, topic := range m.topics {
			p.macro("SH", strings.ToUpper(topic.Short))
			p.paragraphs(topic.Text)
		}
	}
	if len(c.Examples) > 0 {
		p.macro("SH", "EXAMPLES")
		p.verbatim(strings.Join(c.Examples, "\n"))
	}
	p.seeAlso(append(append([]command{}, parents...), c.Verbs...))
	m.pages[c.Anchor()+".1"] = []byte(p.String())
	for _, verb := range c.Verbs {
		m.add(verb, append(append([]command{}, parents...), c))
	}
}

// roff is a page in the language of man(7).
type roff struct{ strings.Builder }

func (p *roff) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, arg := range args {
		fmt.Fprintf(p, ` "%s"`, escape(arg))
	}
	p.WriteString("\n")
}

// escape keeps roff from reading commands in text, and from making other characters of those that a reader may copy.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`, "\n.", "\n\\&.").Replace(text)
}

func (p *roff) text(text string) {
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	p.WriteString(escape(text) + "\n")
}

func (p *roff) bold(text string) { fmt.Fprintf(p, "\\fB%s\\fR\n", escape(text)) }

func (p *roff) verbatim(text string) {
	p.WriteString(".RS 4\n.nf\n")
	p.text(text)
	p.WriteString(".fi\n.RE\n")
}

func (p *roff) paragraphs(all []paragraph) {
	for i, para := range all {
		switch {
		case para.Verbatim:
			p.WriteString(".sp\n")
			p.verbatim(para.Text)
			continue
		case i > 0:
			p.WriteString(".PP\n")
		}
		p.text(para.Text)
	}
}

func (p *roff) verbs(c command) {
	if len(c.Verbs) == 0 {
		return
	}
	p.macro("SH", "COMMANDS")
	for _, verb := range c.Verbs {
		p.WriteString(".TP\n")
		p.bold(verb.Path)
		p.text(verb.Short + ".")
	}
}

func (p *roff) flags(title string, all []flag) {
	if len(all) == 0 {
		return
	}
	p.macro("SH", title)
	for _, f := range all {
		p.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(p, "\\fB\\-%s\\fR, ", f.Shorthand)
		}
		fmt.Fprintf(p, "\\fB\\-\\-%s\\fR", escape(f.Name))
		if f.Value != "" {
			fmt.Fprintf(p, " \\fI%s\\fR", escape(f.Value))
		}
		p.WriteString("\n")
		p.text(f.sentence())
	}
}

// sentence is the help of a flag with its default and its variable.
func (f flag) sentence() string {
	text := f.Usage + "."
	if f.Default != "" {
		text += " The default is " + f.Default + "."
	}
	if f.Environment != "" {
		text += " In the environment: " + f.Environment + "."
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func (p *roff) seeAlso(related []command) {
	if len(related) == 0 {
		return
	}
	p.macro("SH", "SEE ALSO")
	names := make([]string, len(related))
	for i, c := range related {
		names[i] = fmt.Sprintf("\\fB%s\\fR(1)", escape(c.Anchor()))
	}
	p.WriteString(strings.Join(names, ",\n") + "\n")
}
