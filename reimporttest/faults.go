package reimporttest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/control"
)

// A Fault is what happens to some requests for an operation: to the First of them, to each one whose number is a multiple of
// Every, or to a Share; to all if it says none of these. They are counted from the moment of Put. A client cannot tell an answer
// that a fault gives from the server's own.
type Fault struct {
	Operation Operation
	// UID is the database that the requests are for; 0 for any.
	UID int

	First int
	Every int
	// Share is from 0 to 1. Requests with the same numbers are in it each time, unless Seed changes.
	Share float64
	Seed  uint64

	// Status is that of an answer that openapi.yaml documents for the operation, other than its success. Code is its error_code,
	// needed if the status has several; Description is the documented one if empty.
	Status      int
	Code        string
	Description string
	// Delay is how long the request waits before all else, by the machine's clock.
	Delay time.Duration
	// Close closes the connection in the place of an answer.
	Close Close
}

// Close is when a connection is closed.
type Close string

// The times at which a connection is closed.
const (
	BeforeChange Close = "before" // nothing has changed
	AfterChange  Close = "after"  // the change is made, and nothing of the answer is sent
	InBody       Close = "body"   // the change is made, and half of the answer's body is sent, if it has one
)

// Operation is an operationId in openapi.yaml.
type Operation string

// The operations of the API.
const (
	ListDatabases     Operation = "listBDBs"
	GetDatabase       Operation = "getBDB"
	CreateDatabase    Operation = "createBDB"
	UpdateDatabase    Operation = "updateBDB"
	DeleteDatabase    Operation = "deleteBDB"
	StartImport       Operation = "startBDBImport"
	ResetImportStatus Operation = "resetBDBImportStatus"
	CheckAvailability Operation = "getBDBAvailability"
	CheckEndpoint     Operation = "getLocalBDBEndpointAvailability"
	ListModules       Operation = "listModules"
	GetModule         Operation = "getModule"
)

// Faults are those of a server.
type Faults struct {
	t      testing.TB
	faults *control.Faults
	put    atomic.Int64
}

// Put adds a fault. Of several for one request the first that was put strikes, and those behind it do not count the request.
func (f *Faults) Put(fault Fault) {
	f.t.Helper()
	check(f.t, "Faults.Put", f.faults.Put(control.Fault{
		Name: fmt.Sprintf("fault %d", f.put.Add(1)), Operation: string(fault.Operation), UID: fault.UID, First: fault.First, Every: fault.Every, Share: fault.Share, Seed: fault.Seed,
		Status: fault.Status, Code: fault.Code, Description: fault.Description, Delay: fault.Delay, Close: control.Close(fault.Close),
	}))
}

// Clear takes away all faults. Requests that they delay go on at once.
func (f *Faults) Clear() { f.faults.ClearAll() }
