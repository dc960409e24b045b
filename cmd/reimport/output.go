package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/jmespath-community/go-jmespath"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/reimport/reimport/client"
)

// output is how a result is printed.
type output struct {
	format oneOf
	query  query
}

func (o *output) register(cmd *cobra.Command) {
	o.format = oneOf{"auto", []string{"auto", "json", "yaml", "table"}}
	f := cmd.PersistentFlags()
	f.VarP(&o.format, "output", "o", "`format`: json, yaml, table, or auto, a table on a terminal and JSON elsewhere")
	f.VarP(&o.query, "query", "q", "JMESPath `expression` that picks from the result")
	// A name that is not registered is the only error.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(o.format.words, cobra.ShellCompDirectiveNoFileComp))
}

func (o *output) check() error {
	if o.query.path != nil && o.format.value == "table" {
		return usageError(errors.New("--query: what it picks has no columns, use -o json or yaml"))
	}
	return nil
}

// query is a flag for a JMESPath expression.
type query struct {
	text string
	path jmespath.JMESPath
}

func (q *query) String() string { return q.text }
func (q *query) Type() string   { return "expression" }

func (q *query) Set(text string) (err error) {
	q.text = text
	q.path, err = jmespath.Compile(text)
	return err
}

// wantsJSON looks for -o json before the flags are parsed, since parsing them may be what fails.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		switch arg {
		case "--":
			return false
		case "-ojson", "-o=json", "--output=json":
			return true
		case "-o", "--output":
			return i+1 < len(args) && args[i+1] == "json"
		}
	}
	return false
}

// print writes a result, a JSON object or a list of them, to standard output. A table shows these of its keys. JSON goes
// out as the server wrote it but for the white space: a cluster has keys and numbers that no type of ours holds.
func (a *app) print(value any, columns ...string) error {
	format, picks := a.output.format.value, a.output.query.path != nil
	dbs, many := value.([]client.Database)
	if many && !picks && format != "yaml" && !a.showsTable() {
		return printDatabases(a.out, dbs)
	}
	data, err := marshal(value)
	if err != nil {
		return err
	}
	if a.showsTable() {
		return printTable(a.out, data, columns)
	}
	if picks {
		if data, err = a.output.query.pick(data); err != nil {
			return err
		}
	}
	if format == "yaml" {
		return printYAML(a.out, data)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, data, "", "  "); err != nil {
		return err
	}
	_, err = indented.WriteTo(a.out)
	return err
}

// showsTable reports whether results are printed as tables.
func (a *app) showsTable() bool {
	format := a.output.format.value
	return format == "table" || format == "auto" && a.output.query.path == nil && isTerminal(a.out)
}

// printDatabases prints a list as JSON, an item at a time: there may be so many that their text is not to be in memory again.
func printDatabases(out io.Writer, dbs []client.Database) error {
	w := bufio.NewWriterSize(out, 64<<10)
	var item bytes.Buffer
	item.WriteByte('[')
	for _, db := range dbs {
		item.WriteString("\n  ")
		if err := json.Indent(&item, db.Raw, "  ", "  "); err != nil {
			return err
		}
		if _, err := item.WriteTo(w); err != nil {
			return err
		}
		item.WriteByte(',')
	}
	if len(dbs) > 0 {
		item.Reset() // the last comma
		item.WriteByte('\n')
	}
	item.WriteString("]\n")
	if _, err := item.WriteTo(w); err != nil {
		return err
	}
	return w.Flush()
}

// marshal leaves <, > and & as they are: this is no web page.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return b.Bytes(), err
}

func (q *query) pick(data []byte) ([]byte, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	picked, err := q.path.Search(value)
	if err != nil {
		return nil, fmt.Errorf("the request is done, but --query does not fit its result: %w", err)
	}
	return marshal(picked)
}

func printYAML(out io.Writer, data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	node, err := yamlNode(dec)
	if err != nil {
		return err
	}
	enc := yaml.NewEncoder(out)
	enc.SetIndent(2)
	if err := enc.Encode(node); err != nil {
		return err
	}
	return enc.Close()
}

// yamlNode reads one JSON value. It keeps the order of the keys and every digit, which a detour over maps would not.
func yamlNode(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	node := new(yaml.Node)
	switch t := token.(type) {
	case json.Delim:
		node.Kind = yaml.SequenceNode
		if t == '{' {
			node.Kind = yaml.MappingNode
		}
		for dec.More() {
			child, err := yamlNode(dec)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if len(node.Content) == 0 {
			node.Style = yaml.FlowStyle
		}
		_, err = dec.Token()
	case json.Number:
		node.Kind, node.Value = yaml.ScalarNode, t.String()
	default:
		err = node.Encode(t)
	}
	return node, err
}

func printTable(out io.Writer, data []byte, columns []string) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	var rows []map[string]json.RawMessage
	if json.Unmarshal(data, &rows) != nil {
		var row map[string]json.RawMessage
		if err := json.Unmarshal(data, &row); err != nil {
			return err
		}
		for _, column := range columns {
			fmt.Fprintf(w, "%s\t%s\n", column, cellIn(row, column))
		}
		return w.Flush()
	}
	fmt.Fprintln(w, strings.ToUpper(strings.Join(columns, "\t")))
	for _, row := range rows {
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = cellIn(row, column)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// cellIn returns the text in a column of a row. Two columns of a database are made of what its members hold.
func cellIn(row map[string]json.RawMessage, column string) string {
	if column != "endpoint" && column != "data_plane" {
		return cell(row[column])
	}
	var db client.Database
	if data, err := json.Marshal(row); err != nil || json.Unmarshal(data, &db) != nil {
		return cell(nil)
	}
	if column == "endpoint" {
		return cellOf(db.Endpoint)
	}
	return cellOf(db.DataPlane)
}

func cell(value json.RawMessage) string {
	var text string
	var list []string
	if json.Unmarshal(value, &list) == nil {
		text = strings.Join(list, " ")
	} else if json.Unmarshal(value, &text) != nil {
		text = string(value)
	}
	return cellOf(text)
}

func cellOf(text string) string {
	if text == "" {
		return "-"
	}
	return printable(text)
}

// printable keeps what a server says from driving the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
