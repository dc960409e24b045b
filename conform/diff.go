package conform

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff compares two transcripts, and returns what differs for people to read, empty if nothing does. Of exchanges that ask
// the same, the first of one belongs to the first of the other, and so on; the order of different ones does not matter. The
// error is about a text that is no transcript.
func Diff(nameA string, a io.Reader, nameB string, b io.Reader) (string, error) {
	first, err := readTranscript(nameA, a)
	if err != nil {
		return "", err
	}
	other, err := readTranscript(nameB, b)
	if err != nil {
		return "", err
	}
	answers := map[string][]string{} // of b, by the question
	for _, x := range other {
		answers[x.question] = append(answers[x.question], x.answer)
	}
	var out strings.Builder
	for _, x := range first {
		left := answers[x.question]
		if len(left) == 0 {
			fmt.Fprintf(&out, "only in %s:\n%s%s\n", nameA, x.question, x.answer)
			continue
		}
		answers[x.question] = left[1:]
		_, changes, _ := bytes.Cut(diff.Diff(nameA, []byte(x.answer), nameB, []byte(left[0])), []byte("\n")) // a command comes first
		if len(changes) > 0 {
			fmt.Fprintf(&out, "%s%s\n", x.question, changes)
		}
	}
	for _, x := range slices.Backward(other) { // those that are left are the last
		if left := answers[x.question]; len(left) > 0 {
			answers[x.question] = left[:len(left)-1]
			fmt.Fprintf(&out, "only in %s:\n%s%s\n", nameB, x.question, x.answer)
		}
	}
	return out.String(), nil
}

// said is an exchange in a transcript.
type said struct{ question, answer string }

func readTranscript(name string, r io.Reader) ([]said, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	head, rest, _ := strings.Cut(string(text), "\n")
	if head != transcriptHead {
		return nil, fmt.Errorf("%s: expected a transcript, whose first line is %q", name, transcriptHead)
	}
	var all []said
	for line := range strings.Lines(rest) {
		switch {
		case strings.HasPrefix(line, ">"):
			if len(all) == 0 || all[len(all)-1].answer != "" {
				all = append(all, said{})
			}
			all[len(all)-1].question += line
		case strings.HasPrefix(line, "<") && len(all) > 0:
			all[len(all)-1].answer += line
		case strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#"):
			return nil, fmt.Errorf("%s: expected lines that begin with > or <", name)
		}
	}
	return all, nil
}
