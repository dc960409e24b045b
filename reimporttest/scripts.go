package reimporttest

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
)

// A Script is how an import proceeds and ends. Its files are fetched and checked in any case, but the script has the last word,
// so they may as well be missing.
type Script struct {
	// Outcome is how the import ends; Succeeded if empty.
	Outcome Outcome
	// Pace is how it proceeds; Immediate if empty.
	Pace Pace
	// Duration is how long a Timed import takes by the server's Clock.
	Duration time.Duration
	// Steps is the number of the GET of the database that shows the end of a Polled import.
	Steps int
	// At is the progress, 0 to 99.9 percent, at which a Frozen import stands still. At 0 that is initializing.
	At float64
	// Repeat leaves the script in place for the imports that follow.
	Repeat bool
}

// Pace is how an import proceeds.
type Pace string

// The paces of imports. An import moves before the request that shows it is answered, so a test has nothing to wait for.
const (
	Immediate Pace = "immediate" // it ends at once
	Timed     Pace = "timed"     // it takes a Duration by the server's Clock
	Polled    Pace = "polled"    // each GET of the database is a step
	Frozen    Pace = "frozen"    // it stands still until Release
)

// Outcome is how an import ends.
type Outcome string

// How imports end: with success; as they would without a script; or as failed, with this import_failure_reason.
const (
	Succeeded         Outcome = "succeeded"
	ByFiles           Outcome = "by-files" // which never gets beyond initializing if the files cannot be loaded
	DownloadError     Outcome = "download-error"
	FileCorrupted     Outcome = "file-corrupted"
	GeneralError      Outcome = "general-error"
	KeyTooLong        Outcome = "key-too-long"
	InvalidBulkLength Outcome = "invalid-bulk-length"
	OutOfMemory       Outcome = "out-of-memory"
)

// FileLargerThanMemLimit is the failure of a dataset that is expected to take more bytes of memory than the limit.
func FileLargerThanMemLimit(expected, limit int64) Outcome {
	return Outcome(database.FileLargerThanMemLimit(expected, limit))
}

// Failures returns an Outcome for each reason why an import can fail.
func Failures() []Outcome {
	return []Outcome{
		DownloadError, FileCorrupted, GeneralError, KeyTooLong, InvalidBulkLength, OutOfMemory, FileLargerThanMemLimit(2048, 1024),
	}
}

// Scripts are those of the imports to come.
type Scripts struct {
	t       testing.TB
	scripts *control.Scripts
}

// Set gives the next imports of a database their scripts, in this order, in the place of those left over. The imports after
// them, and all if there are none, go as their files have it.
func (s *Scripts) Set(uid int, scripts ...Script) {
	s.t.Helper()
	all := make([]control.Script, len(scripts))
	for i, x := range scripts {
		outcome := database.FailureReason(cmp.Or(x.Outcome, Succeeded))
		if x.Outcome == ByFiles {
			outcome = ""
		}
		all[i] = control.Script{
			Outcome: outcome, Pace: control.Pace(x.Pace), Duration: x.Duration, Steps: x.Steps, At: x.At, Repeat: x.Repeat,
		}
	}
	check(s.t, fmt.Sprintf("Scripts.Set(%d)", uid), s.scripts.Set(uid, all))
}

// Release lets the Frozen import of a database go on to its end, which the next request finds.
func (s *Scripts) Release(uid int) {
	s.t.Helper()
	check(s.t, fmt.Sprintf("Scripts.Release(%d)", uid), s.scripts.Release(uid))
}
