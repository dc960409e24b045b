package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/database"
)

// TestErrorsTravel sends every row of the table over the wire and has the client read it back. What the client tells
// apart, the server must have told apart, no code of the contract is without a row, and whatever an error was wrapped in
// stays here.
func TestErrorsTravel(t *testing.T) {
	want := map[error]error{
		errCrossOrigin: client.ErrForbidden, errHeadersTooLarge: client.ErrTooLarge, errTooManyRequests: client.ErrRateLimited,
		errUnauthorized: client.ErrUnauthorized, errForbidden: client.ErrForbidden, errTooLarge: client.ErrTooLarge,
		errNotFound: client.ErrNoSuchPath, errMethodNotAllowed: client.ErrMethodNotAllowed, errParameter: client.ErrInvalid,
		errSchema: client.ErrInvalid, errMissingField: client.ErrInvalid, errMissingName: client.ErrInvalid, errMissingMemory: client.ErrInvalid,
		database.ErrNotExist: client.ErrNotFound, database.ErrModuleNotExist: client.ErrNotFound, database.ErrUIDExists: client.ErrUIDExists,
		database.ErrBusy: client.ErrBusy, database.ErrUnsupportedModule: client.ErrUnsupportedModule, database.ErrMissingModule: client.ErrInvalid,
		database.ErrMissingBackupInterval: client.ErrInvalid, database.ErrMissingSources: client.ErrInvalid,
		errDatabaseNotFound: client.ErrNotFound, errUnavailable: client.ErrDatabaseUnavailable, errEndpointUnavailable: client.ErrDatabaseUnavailable,
		database.ErrInsufficientResources: client.ErrInvalid, database.ErrPortUnavailable: client.ErrInvalid,
		errInternal: client.ErrInternal,
	}
	codes := map[api.ErrorCode]bool{api.ErrorCodeInternalError: true}
	for _, row := range answers {
		codes[row.code] = true
		own := refuse(row.err, "in other words")
		for err, text := range map[error]string{
			row.err: row.err.Error(),
			fmt.Errorf("update database 7: %w", row.err):          row.err.Error(),
			errors.Join(errors.New("/var/lib/reimport"), row.err): row.err.Error(),
			own:                                      "in other words",
			fmt.Errorf("update database 7: %w", own): "in other words",
		} {
			got := overTheWire(t, err)
			if want[row.err] == nil || !errors.Is(got, want[row.err]) {
				t.Errorf("%v arrives as %v, want %v", err, got, want[row.err])
			}
			var answer *client.Error
			if !errors.As(got, &answer) || answer.Status != row.code.Status() || answer.Code != string(row.code) || answer.Description != text {
				t.Errorf("%v arrives as %+v", err, answer)
			}
		}
	}
	doc := load(t)
	for _, code := range doc.Components.Schemas["ErrorCode"].Value.Enum {
		if !codes[api.ErrorCode(code.(string))] {
			t.Errorf("the contract has the code %v, which no answer has", code)
		}
		delete(codes, api.ErrorCode(code.(string)))
	}
	for code := range codes {
		t.Errorf("the contract lacks the code %s", code)
	}
}

// TestUnknownErrorsStayInside sends what the table does not know.
func TestUnknownErrorsStayInside(t *testing.T) {
	got := overTheWire(t, errors.New("open /var/lib/secret: permission denied"))
	var answer *client.Error
	if !errors.Is(got, client.ErrInternal) || !errors.As(got, &answer) || answer.Description != "internal error" {
		t.Fatalf("%v %+v", got, answer)
	}
}

func overTheWire(t *testing.T, err error) error {
	t.Helper()
	e := echo.New()
	e.HTTPErrorHandler = answerError
	e.PUT("/*", func(echo.Context) error { return err })
	s := httptest.NewServer(e)
	defer s.Close()
	c, newErr := client.New(s.URL, client.WithRetry(0), client.WithHTTPClient(http.DefaultClient))
	if newErr != nil {
		t.Fatal(newErr)
	}
	return c.ResetImportStatus(t.Context(), 1)
}

// TestTooManyRequestsSaysWhenToAskAgain holds the header that the contract declares.
func TestTooManyRequestsSaysWhenToAskAgain(t *testing.T) {
	e := echo.New()
	w := httptest.NewRecorder()
	answerError(fmt.Errorf("login: %w", errTooManyRequests), e.NewContext(httptest.NewRequest(http.MethodGet, "/", nil), w))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
