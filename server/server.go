// Package server is the HTTP face: it assembles echo from the contract, authenticates, validates, and maps errors to
// statuses. What the API does is in internal/database; when it happens, in internal/store and internal/importer.
package server

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/gen/rest"
	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/store"
)

type strictHandlerFunc = rest.StrictHandlerFunc

// Config is what a Server stands on. Everything in it is needed but Passwords, Lockout, Lockouts, Verifications, ShowCredentials,
// Memory, TrustedOrigins and Refuse.
type Config struct {
	Store     store.Store
	DataPlane database.DataPlane // of the databases that are created
	Importer  *importer.Importer
	Users     []access.User
	// Passwords are those that hashes of Users were made from, by hash. They need no verification.
	Passwords map[string]string
	Modules   database.Catalog
	Lockout   access.Lockout
	Lockouts  Lockouts // where lock-outs outlive the server
	// Verifications is how many passwords are verified at once, beside one whose user has logged in before; one less than
	// GOMAXPROCS for 0.
	Verifications int
	// ShowCredentials returns the passwords of databases, as Redis Software does unless mask_bdb_credentials is set.
	ShowCredentials bool
	// Memory is that of the cluster in bytes, which its databases share; 0 for no limit.
	Memory int64
	// Now is the domain clock: it says when databases were created and changed, and when lock-outs begin and end. What protects
	// the process, such as timeouts and the turns of logins, and the times that requests took, go by the machine's.
	Now    func() time.Time
	Events event.Sink
	// TrustedOrigins are the origins, in the form of CheckOrigin, whose pages may send what changes something.
	TrustedOrigins []string
	// Refuse is asked about each request before all else, and has it refused unless it returns no code.
	Refuse func(*http.Request) (code api.ErrorCode, description string)
}

// Server answers the API. It owns neither store nor importer.
type Server struct {
	echo     *echo.Echo
	auth     *authenticator
	store    store.Store
	plane    database.DataPlane
	importer *importer.Importer
	modules  database.Catalog
	memory   int64 // in bytes, 0 for no limit
	views    *views
	listings *turns
	now      func() time.Time
	events   event.Sink
	refuse   func(*http.Request) (api.ErrorCode, string) // nil if nothing is refused so
	draining atomic.Bool
	// crossOrigin trusts no other origin from the start.
	crossOrigin http.CrossOriginProtection
}

// prepared has the operations of the contract with what guards them, and how records are shown, which nothing changes: all
// servers of a process share them.
var prepared = sync.OnceValues(func() (p struct {
	ops   []*operation
	views *views
}, err error) {
	c, err := contract.Load()
	if err != nil {
		return p, err
	}
	if p.ops, err = operations(c); err != nil {
		return p, err
	}
	p.views, err = newViews(c.Doc)
	return p, err
})

// Prepare does once in a process what New needs of the contract, which takes a while. Nobody has to call it.
func Prepare() error {
	_, err := prepared()
	return err
}

// New assembles a server. It fails where an operation of the contract would be served without authentication,
// permission and validation, or where a route stands in no list.
func New(cfg Config) (*Server, error) {
	p, err := prepared()
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	views := *p.views
	views.showCredentials = cfg.ShowCredentials
	auth, err := newAuthenticator(cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{
		echo: echo.New(), auth: auth, store: cfg.Store, plane: cfg.DataPlane, importer: cfg.Importer,
		modules: cfg.Modules, memory: cfg.Memory, views: &views, listings: newTurns(runtime.GOMAXPROCS(0)), now: cfg.Now, events: cfg.Events,
		refuse: cfg.Refuse,
	}
	if err := s.trust(cfg.TrustedOrigins); err != nil {
		return nil, err
	}
	return s, s.route(p.ops)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

func (s *Server) route(ops []*operation) error {
	s.echo.HTTPErrorHandler = answerError
	s.echo.IPExtractor = echo.ExtractIPDirect() // anybody can send an X-Forwarded-For
	router := headed{s.echo}
	guards := map[string][]echo.MiddlewareFunc{}
	for _, op := range ops {
		v := *op.validator
		if op.id == "updateBDB" {
			v.shown = s.shown
		}
		guards[op.id] = []echo.MiddlewareFunc{s.guard(op, &v)}
	}
	options := rest.RegisterHandlersOptions{OperationMiddlewares: guards}
	if err := checkGuards(options); err != nil {
		return err
	}
	rest.RegisterHandlersWithOptions(router, rest.NewStrictHandler(s, []rest.StrictMiddlewareFunc{refuseNothing, answerHead}), options)
	router.GET("/openapi.yaml", serveSpec)
	router.GET("/openapi.json", serveSpecJSON)
	router.GET("/healthz", s.health)
	pages, err := servePages(router)
	if err != nil {
		return err
	}
	if err := checkRoutes(s.echo, ops, append(pages, unguarded...)); err != nil {
		return err
	}
	s.echo.Use(s.report(newRequestIDs()), s.refuseFirst, recoverPanics, limitHeaders, readBody, s.refuseCrossOrigin, refuseLongerPath)
	return nil
}

func serveSpec(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", reimport.Spec)
}

func serveSpecJSON(c echo.Context) error { return c.JSONBlob(http.StatusOK, reimport.SpecJSON) }

// health says whether requests are served: a 503 tells a balancer to send no more, and a supervisor to look.
func (s *Server) health(c echo.Context) error {
	switch {
	case s.draining.Load():
		return c.String(http.StatusServiceUnavailable, "shutting down\n")
	case s.store.Err() != nil:
		return c.String(http.StatusServiceUnavailable, "changes cannot be written; the log says why\n")
	}
	return c.String(http.StatusOK, "ok\n")
}
