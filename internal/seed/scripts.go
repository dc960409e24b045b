package seed

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/database"
)

// Script is how one import into a simulated database proceeds and ends. The zero Script has the files say how it ends, at once.
type Script struct {
	// Outcome is empty for an import that ends as its files say, ScriptSucceeded, or a failure reason. An import that fails keeps
	// its progress: At if it was frozen, that of the step before the end if it was polled, and the last that a request has found
	// if it was timed.
	Outcome database.FailureReason
	// Pace is how it proceeds; PaceImmediate if it is empty.
	Pace Pace
	// Duration is how long an import of PaceTimed takes by the domain clock, from the request that starts it; 0 for other paces.
	Duration time.Duration
	// Steps is the number of the GET that shows the end of an import of PacePolled; 0 for other paces.
	Steps int
	// At is the progress in percent, from 0 to 99.9, at which an import of PaceFrozen stands still; at 0 that is initializing.
	// It is 0 for other paces.
	At float64
	// Repeat leaves the script in place for the imports that follow.
	Repeat bool
}

// ScriptSucceeded is the Outcome of an import that succeeds.
const ScriptSucceeded database.FailureReason = "succeeded"

// Pace is how an import that follows a Script proceeds.
type Pace string

// The paces of imports.
const (
	PaceImmediate Pace = "immediate" // it ends as soon as its files are fetched and checked
	PaceTimed     Pace = "timed"     // it takes a time by the domain clock
	PacePolled    Pace = "polled"    // it takes a step for each GET of its database
	PaceFrozen    Pace = "frozen"    // it stands still until it is released
)

// Paces returns all paces.
func Paces() []Pace { return []Pace{PaceImmediate, PaceTimed, PacePolled, PaceFrozen} }

// maxSteps is far more than anybody polls.
const maxSteps = 1_000_000

var errDuration = &database.FieldError{Field: "duration", Expected: "a duration above 0 such as 30s exactly if pace is timed"}

// Check returns what is wrong with the script as a *database.FieldError, by the name that the field has in a seed.
func (s Script) Check() error {
	pace := s.Pace
	if pace == "" {
		pace = PaceImmediate
	}
	switch {
	case s.Outcome != "" && s.Outcome != ScriptSucceeded && !s.Outcome.Valid():
		return &database.FieldError{Field: "outcome", Expected: "succeeded, or a failure reason of the API such as file-corrupted or file-larger-than-mem-limit:2048:1024"}
	case !slices.Contains(Paces(), pace):
		return &database.FieldError{Field: "pace", Expected: fmt.Sprintf("one of %q", Paces())}
	case (s.Duration > 0) != (pace == PaceTimed) || s.Duration < 0:
		return errDuration
	case (s.Steps > 0) != (pace == PacePolled) || s.Steps < 0 || s.Steps > maxSteps:
		return &database.FieldError{Field: "steps", Expected: fmt.Sprintf("an integer from 1 to %d exactly if pace is polled", maxSteps)}
	case s.At != 0 && pace != PaceFrozen || !(s.At >= 0 && s.At <= 99.9):
		return &database.FieldError{Field: "at", Expected: "a percentage from 0 to 99.9, 0 unless pace is frozen"}
	}
	return nil
}

func (r reader) addScripts(c *Seed, d fileDatabase, name string) error {
	for i, f := range d.Scripts {
		script, err := f.script()
		if field, wrong := errors.AsType[*database.FieldError](err); wrong {
			return r.refuse(f.Line, fmt.Sprintf("%s.import_scripts[%d].%s", name, i, field.Field), field.Expected)
		}
		if c.Scripts == nil {
			c.Scripts = map[int][]Script{}
		}
		c.Scripts[d.UID] = append(c.Scripts[d.UID], script)
	}
	return nil
}

func (f fileScript) script() (s Script, err error) {
	s = Script{Outcome: database.FailureReason(f.Outcome), Pace: Pace(f.Pace), Steps: f.Steps, At: f.At, Repeat: f.Repeat}
	if f.Duration != "" {
		if s.Duration, err = time.ParseDuration(f.Duration); err != nil {
			return s, errDuration
		}
	}
	return s, s.Check()
}

func writtenScripts(scripts []Script) []fileScript {
	var written []fileScript
	for _, s := range scripts {
		f := fileScript{Outcome: string(s.Outcome), Pace: string(s.Pace), Steps: s.Steps, At: s.At, Repeat: s.Repeat}
		if s.Duration != 0 {
			f.Duration = s.Duration.String()
		}
		written = append(written, f)
	}
	return written
}
