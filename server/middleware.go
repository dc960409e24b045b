package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/event"
)

// requestIDHeader is in the spelling that net/http keeps headers in, which saves every request the conversion.
const requestIDHeader = "X-Request-Id"

// requestIDs hands out ids that are unique across processes and cost no randomness each.
type requestIDs struct {
	prefix string
	next   atomic.Uint64
}

func newRequestIDs() *requestIDs { return &requestIDs{prefix: rand.Text()[:10] + "-"} }

func (ids *requestIDs) assign() string { return ids.prefix + strconv.FormatUint(ids.next.Add(1), 36) }

// report gives each request its identity, turns an error into an answer, and reports the request. The cause of a 500 is
// in that event and nowhere else.
func (s *Server) report(ids *requestIDs) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			r, w := c.Request(), c.Response()
			e := &event.Request{Identity: event.Identity{RequestID: ids.assign()}, Method: r.Method, Path: r.URL.Path[:min(len(r.URL.Path), maxHeaders)], Remote: r.RemoteAddr}
			w.Header()[requestIDHeader] = []string{e.RequestID}
			ctx := event.WithIdentity(r.Context(), &e.Identity)
			c.SetRequest(r.WithContext(ctx))
			err := next(c)
			gone := err != nil && ctx.Err() != nil && (w.Committed || errors.Is(err, ctx.Err()))
			cut := err != nil && (w.Committed || gone)
			if err != nil && !cut {
				c.Error(err)
			}
			if e.Status = w.Status; gone && !w.Committed {
				e.Status = 0
			}
			if !gone && (cut || e.Status >= http.StatusInternalServerError) {
				e.Err = err
			}
			e.Took = time.Since(start)
			s.events(ctx, e)
			if cut {
				panic(http.ErrAbortHandler) // nobody must take what has been sent for the whole answer
			}
			return nil
		}
	}
}

// refuseFirst refuses what the Config says, on the way that all refusals go.
func (s *Server) refuseFirst(next echo.HandlerFunc) echo.HandlerFunc {
	if s.refuse == nil {
		return next
	}
	return func(c echo.Context) error {
		if code, description := s.refuse(c.Request()); code != "" {
			return refuse(errorOf(code), description)
		}
		return next(c)
	}
}

// recoverPanics makes a panic the error of its own request.
func recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

// maxHeaders is the size in bytes up to which a request's headers are accepted, its line and HTTP/1.1's separators included.
const maxHeaders = 16 << 10

// limitHeaders refuses what the transport, whose limit is further off, could not answer in the shape of the contract.
func limitHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		size := len(r.Method) + len(r.RequestURI) + len(r.Host)
		for name, values := range r.Header {
			for _, value := range values {
				size += len(name) + len(value) + len(": \r\n")
			}
		}
		if size > maxHeaders {
			return errHeadersTooLarge
		}
		return next(c)
	}
}

// refuseLongerPath answers 404 to a path with more segments than its route: the router gives a route's last parameter all
// that is left of the path.
func refuseLongerPath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if strings.Count(echo.GetPath(c.Request()), "/") != strings.Count(c.Path(), "/") {
			return errNotFound
		}
		return next(c)
	}
}

// refuseNothing keeps a handler that forgot its answer from answering 200 with an empty body, as the strict handler
// would: for a reset that is a false success.
func refuseNothing(next strictHandlerFunc, operation string) strictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		response, err := next(c, request)
		if response == nil && err == nil {
			return nil, fmt.Errorf("%s: the handler gave no answer", operation)
		}
		return response, err
	}
}

// answerHead ends the answer to a HEAD when its header is known: net/http would drop the rest, and over HTTP/2 take a request
// for one that its client has given up if that is more than its buffer holds.
func answerHead(next strictHandlerFunc, _ string) strictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		response, err := next(c, request)
		if c.Request().Method == http.MethodHead {
			switch r := response.(type) {
			case *listing:
				r.headerOnly = true
			case bdbJSON:
				response = bdbHead(len(r))
			}
		}
		return response, err
	}
}

// answerError is echo's HTTPErrorHandler.
func answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, body := answerTo(err)
	switch status {
	case http.StatusUnauthorized:
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="reimport", charset="UTF-8"`)
	case http.StatusTooManyRequests:
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(retryAfter.Seconds())))
	}
	_ = c.JSON(status, body) // if this fails, the client is gone
}
