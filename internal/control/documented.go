package control

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/database"
)

// maxFaultName is how many characters the name of a fault has at most.
const maxFaultName = 64

func expect(field, what string, args ...any) error {
	return &database.FieldError{Field: field, Expected: fmt.Sprintf(what, args...)}
}

// complete fills in what the contract says of a fault, or returns what is wrong with it.
func complete(c *contract.Contract, f Fault) (Fault, error) {
	op := c.Operation(f.Operation)
	if op == nil {
		return f, expect("operation", "an operationId of the contract, such as resetBDBImportStatus")
	}
	if err := f.check(op); err != nil {
		return f, err
	}
	if f.Status == 0 && f.Code == "" {
		if f.Delay == 0 && f.Close == CloseNever {
			return f, expect("status", "a status, a code, a delay or a time to close")
		}
		return f, nil
	}
	return f.answer(op)
}

func (f Fault) check(op *contract.Operation) error {
	ways := 0
	for _, given := range []bool{f.First != 0, f.Every != 0, f.Share != 0} {
		if given {
			ways++
		}
	}
	switch n := utf8.RuneCountInString(f.Name); {
	case n < 1 || n > maxFaultName:
		return expect("name", "1 to %d characters", maxFaultName)
	case f.UID < 0 || f.UID > database.MaxUID:
		return expect("uid", "an integer from 0 to %d", database.MaxUID)
	case f.UID != 0 && !strings.Contains(op.Path, "/bdbs/{uid}"):
		return expect("uid", "none, as %s is not for one database", op.ID)
	case f.First < 0:
		return expect("first", "0 or more requests")
	case f.Every < 0:
		return expect("every", "0 or more requests")
	case !(f.Share >= 0 && f.Share <= 1):
		return expect("share", "a number from 0 to 1")
	case ways > 1:
		return expect("first", "one of first, every and share")
	case f.Seed != 0 && f.Share == 0:
		return expect("seed", "none without a share")
	case f.Delay < 0:
		return expect("delay", "a duration of 0 or more")
	case !slices.Contains([]Close{CloseNever, CloseBefore, CloseAfter, CloseBody}, f.Close):
		return expect("close", "before, after or body")
	case f.Close != CloseNever && (f.Status != 0 || f.Code != ""):
		return expect("close", "nothing beside a status or a code")
	case f.Description != "" && f.Status == 0 && f.Code == "":
		return expect("description", "none without a status or a code")
	}
	return nil
}

// answer fills in the status, the code and the description of a fault that is an answer.
func (f Fault) answer(op *contract.Operation) (Fault, error) {
	codeAlone := f.Status == 0
	if codeAlone {
		f.Status = api.ErrorCode(f.Code).Status()
	}
	documented := refusals(op, f.Status)
	codes := slices.Sorted(maps.Keys(documented))
	if f.Code == "" && len(codes) == 1 {
		f.Code = codes[0]
	}
	description, known := documented[f.Code]
	switch {
	case codeAlone && !known:
		return f, expect("code", "one that the contract documents for refusals of %s", op.ID)
	case len(codes) == 0:
		return f, expect("status", "one that the contract documents for refusals of %s", op.ID)
	case !known:
		return f, expect("code", "one of %s", strings.Join(codes, ", "))
	case f.Description == "":
		f.Description = description
	}
	return f, nil
}

// refusals returns the codes that the contract has for a status of an operation, with their descriptions. The examples of an
// answer have them.
func refusals(op *contract.Operation, status int) map[string]string {
	response := op.Spec.Responses.Value(strconv.Itoa(status))
	if response == nil || status < http.StatusBadRequest {
		return nil
	}
	codes := map[string]string{}
	for _, example := range response.Value.Content["application/json"].Examples {
		members, _ := example.Value.Value.(map[string]any)
		code, _ := members["error_code"].(string)
		description, _ := members["description"].(string)
		if api.ErrorCode(code) == api.ErrorCodeUnauthorizedAction { // the example has the permission of one operation as its last word
			permission, _ := op.Spec.Extensions["x-permission"].(string)
			description = description[:strings.LastIndexByte(description, ' ')+1] + permission
		}
		codes[code] = description
	}
	return codes
}
