package database

import (
	"slices"
	"time"
)

// OperationStatus is the state of the newest export or backup.
type OperationStatus string

// The states of an export or a backup. Redis Software documents no idle; its reset actions bring it about.
const (
	OperationNever     OperationStatus = ""
	OperationIdle      OperationStatus = "idle"
	OperationExporting OperationStatus = "exporting"
	OperationSucceeded OperationStatus = "succeeded"
	OperationFailed    OperationStatus = "failed"
)

var (
	operationStatuses = []OperationStatus{OperationNever, OperationIdle, OperationExporting, OperationSucceeded, OperationFailed}
	operationReasons  = []string{"no-permission", "wrong-file-path", "general-error"}
)

// Operation is what a database tells of its newest export or backup.
type Operation struct {
	Status        OperationStatus
	Progress      float64 // percent
	FailureReason string  // set exactly when failed
	LastTime      time.Time
}

// Running reports whether the export or backup is under way.
func (o Operation) Running() bool { return o.Status == OperationExporting }

func (o Operation) check(name string) error {
	switch {
	case !slices.Contains(operationStatuses, o.Status):
		return &FieldError{name + "_status", `"", idle, exporting, succeeded or failed`}
	case !progressFits(o.Progress, o.Status == OperationExporting || o.Status == OperationFailed, o.Status == OperationSucceeded):
		return &FieldError{name + "_progress", "100 when succeeded, below 100 when exporting or failed, else 0"}
	case o.Status == OperationFailed && !slices.Contains(operationReasons, o.FailureReason):
		return &FieldError{name + "_failure_reason", "no-permission, wrong-file-path or general-error"}
	case o.Status != OperationFailed && o.FailureReason != "":
		return &FieldError{name + "_failure_reason", "nothing unless failed"}
	}
	return nil
}

// progressFits holds for imports, exports and backups alike: 100 says succeeded and nothing else.
func progressFits(percent float64, partial, succeeded bool) bool {
	switch {
	case succeeded:
		return percent == 100
	case partial:
		return percent >= 0 && percent < 100
	default:
		return percent == 0
	}
}
