package server

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// userKey is where the guard leaves the user's email for the access log.
const userKey = "user"

// requestIDHeader is in the spelling that net/http keeps headers in, which saves every request the conversion.
const requestIDHeader = "X-Request-Id"

// requestIDs hands out ids that are unique across processes and cost no randomness each.
type requestIDs struct {
	prefix string
	next   atomic.Uint64
}

func newRequestIDs() *requestIDs { return &requestIDs{prefix: rand.Text()[:10] + "-"} }

func (ids *requestIDs) assign(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header()[requestIDHeader] = []string{ids.prefix + strconv.FormatUint(ids.next.Add(1), 36)}
		return next(c)
	}
}

// accessLog writes one line a request, and is where an error becomes an answer. The cause of a 500 stands here and
// nowhere else.
func (s *Server) accessLog(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := s.now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		r, w := c.Request(), c.Response()
		attrs := [...]slog.Attr{
			slog.String("id", w.Header()[requestIDHeader][0]),
			slog.String("method", r.Method),
			slog.String("path", r.URL.Path),
			slog.Int("status", w.Status),
			slog.Duration("took", s.now().Sub(start)),
			slog.String("remote", r.RemoteAddr),
			slog.Any("user", c.Get(userKey)),
			{},
		}
		level := slog.LevelInfo
		if w.Status >= http.StatusInternalServerError {
			level = slog.LevelError
			attrs[len(attrs)-1] = slog.Any("error", err)
		}
		s.log.LogAttrs(r.Context(), level, "request", attrs[:]...)
		return nil
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

// answerError is echo's HTTPErrorHandler.
func answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, body := answerTo(err)
	if status == http.StatusUnauthorized {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="reimport", charset="UTF-8"`)
	}
	// Where this fails, the client is gone.
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(status)
	} else {
		_ = c.JSON(status, body)
	}
}
