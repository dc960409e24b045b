// Package docs writes the pages in docs/ from what the product is made of: the contract, the commands with their flags,
// and the Go types of a set-up file. Tests alone import it, so that none of it weighs on the binary.
package docs

import (
	"bytes"
	"embed"
	"regexp"
	"strings"
	"text/template"
)

//go:embed *.tmpl
var templates embed.FS

// render fills a template. What stands in a page is either in its template or comes from data.
func render(name string, data any) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"code": code, "cell": cell, "lower": strings.ToLower, "join": strings.Join}).ParseFS(templates, name)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	page.WriteString("<!-- Written by `make docs`. -->\n\n")
	if err := t.Execute(&page, data); err != nil {
		return nil, err
	}
	return tidy(page.Bytes()), nil
}

var blankLines = regexp.MustCompile(`\n{3,}`)

// tidy lets templates be written for their readers: what they leave empty makes no holes.
func tidy(page []byte) []byte {
	return append(bytes.TrimSpace(blankLines.ReplaceAll(page, []byte("\n\n"))), '\n')
}

// literal finds what a terminal or a file has in just these letters: flags, variables, fields, paths.
var literal = regexp.MustCompile("`[^`]*`|\\b[a-z]+://[\\w./:?=-]*\\w|(?:^|[^\\w-])(--?[a-z][\\w-]*(?:=[a-z]+)?(?: json| yaml| table)?)|\\b[A-Za-z]+(?:_[A-Za-z]+)+\\b|~?(?:/[\\w.-]+)+/?")

// code marks literals in plain text as such.
func code(text string) string {
	return literal.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "`") {
			return found
		}
		if at := strings.IndexByte(found, '-'); at == 1 {
			return found[:1] + "`" + found[1:] + "`"
		}
		return "`" + found + "`"
	})
}

// cell makes text fit into a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
