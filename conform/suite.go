package conform

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"
)

// A Server is what the suite is run against, and what the run may do there.
type Server struct {
	URL            string // http(s)://host[:port]
	User, Password string
	// Viewer is a user whose role may look and change nothing. The answers 403 need one; they are not testable without.
	Viewer, ViewerPassword string
	// CA has the certificates to trust, the system's if it is nil. Insecure accepts any certificate.
	CA       *x509.CertPool
	Insecure bool
	// Transport carries the requests instead of one that is made of CA and Insecure.
	Transport http.RoundTripper

	// ReadOnly sends GET and HEAD alone.
	ReadOnly bool
	// UID is a database that the run may change and import into; an import may erase what it holds. It is never deleted.
	UID int
	// Create lets the run create databases. It deletes them at its end.
	Create bool
	// Controls is the URL of the controls of a reimport server: http: with an address, or unix: with the path of a socket. The run replaces all that the server holds by a set-up of its
	// own, and puts it back at its end. User and Password are not needed then.
	Controls string
}

// Options change how a run goes.
type Options struct {
	// Match picks the cases whose names it matches; all if it is nil.
	Match *regexp.Regexp
	// Confirm is called before anything is sent, with what the run will do, a sentence each. An error of its ends the run.
	Confirm func(plan []string) error
	// Progress is called with each result.
	Progress func(Result)
	// Transcript takes the requests of the cases and the answers to them.
	Transcript *Transcript
	// Timeout bounds each request; 30 seconds for 0.
	Timeout time.Duration
}

// Check runs the suite against a server. The error is about the run itself: it could not begin or was cancelled, or what
// it has created could not be deleted. The report then has the cases up to there. Whether the server keeps the contract is
// in the report.
func Check(ctx context.Context, s Server, o Options) (report *Report, err error) {
	r, err := newRun(s, o)
	if err != nil {
		return nil, err
	}
	if o.Confirm != nil {
		if err := o.Confirm(r.plan()); err != nil {
			return nil, err
		}
	}
	defer func() {
		if closed := r.close(ctx); err == nil {
			err = closed
		}
	}()
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	report = &Report{Server: r.base.String(), Ours: r.ours}
	for _, c := range r.cases() {
		result := r.do(ctx, c)
		if err := ctx.Err(); err != nil {
			return report, err
		}
		report.Results, report.Notes = append(report.Results, result), r.notes
		if o.Progress != nil {
			o.Progress(result)
		}
	}
	return report, nil
}

// Run is Check in a test: each case is a subtest, which fails if the server breaks the contract and is skipped if the case
// is not testable on it.
func Run(t *testing.T, s Server) {
	t.Helper()
	r, err := newRun(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := r.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.cases() {
		t.Run(c.operation+"/"+c.name, func(t *testing.T) {
			switch result := r.do(t.Context(), c); result.Outcome {
			case Broken:
				t.Error(result.Text())
			case NotTestable:
				t.Skip(result.Reason)
			case Open:
				t.Log(result.Text())
			}
		})
	}
}

// plan says what the run will do.
func (r *run) plan() []string {
	s := r.server
	user := "as " + s.User
	switch {
	case s.Controls != "":
		user = "as users of its own"
	case s.User == "":
		user = "without credentials"
	}
	plan := []string{fmt.Sprintf("Talk to %s %s, and to no other host.", r.base, user)}
	switch {
	case s.Controls != "":
		return append(plan, fmt.Sprintf("Replace all that the server holds, users included, through its controls at %s, and put it back at the end, without the keys of Redises that it runs.", s.Controls))
	case s.ReadOnly:
		return append(plan, "Read databases and modules. Change nothing.")
	}
	if s.UID != 0 {
		plan = append(plan, fmt.Sprintf("Change database %d: a setting, which is put back, and its import status.", s.UID),
			fmt.Sprintf("Start imports into database %d, of files that do not exist. They may erase what it holds, and replace the sources stored with it.", s.UID))
	}
	if s.Create {
		plan = append(plan, fmt.Sprintf("Create databases with %s in their names, and delete them at the end.", r.tag))
	}
	return append(plan, "Log in with a wrong password a few times, under names that no user has, so that nobody is locked out.")
}
