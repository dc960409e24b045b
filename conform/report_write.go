package conform

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
)

// outcomes is the order in which a report counts.
var outcomes = []Outcome{Kept, Broken, Open, NotTestable}

// WriteJSON writes the report as a JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteTable writes the report for people: counts by operation, and then all that was not kept.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "OPERATION\tKEPT\tBROKEN\tOPEN\tNOT TESTABLE")
	for _, operation := range r.operations() {
		fmt.Fprint(table, operation)
		for _, o := range outcomes {
			fmt.Fprintf(table, "\t%d", len(r.of(operation, o)))
		}
		fmt.Fprintln(table)
	}
	fmt.Fprint(table, "all")
	for _, o := range outcomes {
		fmt.Fprintf(table, "\t%d", r.Count(o))
	}
	fmt.Fprintln(table)
	_ = table.Flush() // into memory
	for _, result := range r.Results {
		if result.Outcome == Broken || result.Outcome == Open {
			fmt.Fprintf(&b, "\n%s: %s, %s\n%s\n", result.Outcome, result.Operation, result.Name, indented(result.Text()))
		}
	}
	r.writeUntested(&b)
	if len(r.Notes) > 0 {
		fmt.Fprintf(&b, "\nbeyond the contract, which is allowed:\n%s\n", indented(strings.Join(r.Notes, "\n")))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeUntested groups what is not testable by the reason.
func (r *Report) writeUntested(b *strings.Builder) {
	byReason := map[string][]string{}
	for _, result := range r.Results {
		if result.Outcome == NotTestable {
			byReason[result.Reason] = append(byReason[result.Reason], result.Operation+", "+result.Name)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(b, "\nnot testable: %s\n%s\n", printable(reason), indented(strings.Join(byReason[reason], "\n")))
	}
}

func (r *Report) operations() (names []string) {
	for _, result := range r.Results {
		if !slices.Contains(names, result.Operation) {
			names = append(names, result.Operation)
		}
	}
	return names
}

func (r *Report) of(operation string, o Outcome) (some []Result) {
	for _, result := range r.Results {
		if result.Operation == operation && result.Outcome == o {
			some = append(some, result)
		}
	}
	return some
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(printable(text), "\n", "\n  ")
}

// printable keeps what a server says from driving the terminal, and out of XML what XML cannot hold.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, text)
}

// The elements of a JUnit report.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Cases []junitCase `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Skipped  int `xml:"skipped,attr"`
		Errors   int `xml:"errors,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report in the XML that continuous integration reads: broken is a failure, and not testable is
// skipped. What was seen of an open point is the output of its case.
func (r *Report) WriteJUnit(w io.Writer) error {
	var all junitSuites
	for _, operation := range r.operations() {
		suite := junitSuite{Name: operation}
		for _, result := range r.Results {
			if result.Operation == operation {
				suite.add(result)
			}
		}
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Skipped += suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(r Result) {
	c := junitCase{Class: "conform." + r.Operation, Name: r.Name}
	reason, text := printable(r.Reason), printable(r.Text())
	s.Tests++
	switch r.Outcome {
	case Broken:
		s.Failures++
		c.Failure = &junitMessage{reason, text}
	case NotTestable:
		s.Skipped++
		c.Skipped = &junitMessage{Message: reason}
	case Open:
		c.Out = text
	}
	s.Cases = append(s.Cases, c)
}
