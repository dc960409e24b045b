package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/reimport/reimport/client"
)

// progress says how far an import is: on one line that is written again on a terminal, else on a line for each change.
type progress struct {
	app      *app
	uid      int
	terminal bool
	width    int // of the line that stands on the terminal

	// A cluster does not say how long the rest will take. It is guessed from the first look at an import that loads.
	since time.Time
	from  float64
}

func (a *app) newProgress(uid int) *progress {
	return &progress{app: a, uid: uid, terminal: !a.asJSON && isTerminal(a.errOut)}
}

func (p *progress) show(state client.ImportState) {
	if p.app.asJSON {
		p.app.sayJSON(map[string]importView{"progress": {p.uid, state}})
		return
	}
	line := fmt.Sprintf("database %d: %s", p.uid, printable(string(state.Status)))
	if state.Running() {
		line += fmt.Sprintf(" %.0f%%", state.Progress)
	}
	if state.KeysPerSecond > 0 {
		line += fmt.Sprintf(", %d keys/s", state.KeysPerSecond)
	}
	if left := p.left(state, time.Now()); left > 0 {
		line += fmt.Sprintf(", %s left", left)
	}
	if !p.terminal {
		fmt.Fprintln(p.app.errOut, line)
		return
	}
	// Blanks cover the rest of a longer line, with no need for the terminal's own codes.
	fmt.Fprintf(p.app.errOut, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

// left estimates the time that an import still takes, 0 if there is nothing to go by.
func (p *progress) left(state client.ImportState, now time.Time) time.Duration {
	switch {
	case !state.Running() || state.Progress <= 0:
		return 0
	case state.SecondsLeft > 0:
		return time.Duration(state.SecondsLeft) * time.Second
	case p.since.IsZero():
		p.since, p.from = now, state.Progress
	}
	if state.Progress <= p.from {
		return 0
	}
	share := (100 - state.Progress) / (state.Progress - p.from)
	return time.Duration(share * float64(now.Sub(p.since))).Round(time.Second)
}

func (p *progress) end() {
	if p.width > 0 {
		fmt.Fprintln(p.app.errOut)
	}
}
