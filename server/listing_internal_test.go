package server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
)

// some yields n databases, and counts them.
func some(n int, counted *int) iter.Seq[database.Database] {
	return func(yield func(database.Database) bool) {
		for i := range n {
			*counted++
			if !yield(database.Database{UID: i + 1, Name: "x"}) {
				return
			}
		}
	}
}

// sized is a bdb of so many bytes and a few.
func sized(n int) func([]byte, *database.Database) []byte {
	return func(b []byte, db *database.Database) []byte {
		return fmt.Appendf(b, `{"uid":%d,"x":"%s"}`, db.UID, strings.Repeat("x", n))
	}
}

// TestListingIsAList holds lists of many lengths: around the chunks' as well, a list is valid JSON and has all databases in
// their order. One of one chunk says how long it is.
func TestListingIsAList(t *testing.T) {
	for _, size := range []int{1, 300, chunk/2 - 20, chunk, 3 * chunk} {
		for _, n := range []int{0, 1, 2, 3, 4, 7, 500} {
			if n*size > 16*chunk {
				continue
			}
			counted, w := 0, httptest.NewRecorder()
			l := &listing{ctx: t.Context(), turns: newTurns(1), databases: some(n, &counted), append: sized(size)}
			if err := l.VisitListBDBsResponse(w); err != nil {
				t.Fatal(err)
			}
			var list []struct{ UID int }
			if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
				t.Fatalf("%d of %d bytes: %v", n, size, err)
			}
			for i, bdb := range list {
				if bdb.UID != i+1 || len(list) != n {
					t.Fatalf("%d of %d bytes: %d stands at %d of %d", n, size, bdb.UID, i, len(list))
				}
			}
			if length := w.Header().Get("Content-Length"); length != "" && length != fmt.Sprint(w.Body.Len()) || length == "" && w.Body.Len() < chunk {
				t.Errorf("%d of %d bytes: the length is said to be %q, and is %d", n, size, length, w.Body.Len())
			}
		}
	}
}

// many are more databases than HTTP/2 lets a client leave unread, which is more than the buffers of a connection hold.
const many = 5 << 20 / 4096

// serveListings answers each request with a list of many databases, a turn at a time. What became of each answer is sent to
// ended.
func serveListings(t *testing.T, two bool) (s *httptest.Server, ended <-chan error) {
	t.Helper()
	turns, results := newTurns(1), make(chan error, 10)
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := 0
		l := &listing{ctx: r.Context(), turns: turns, databases: some(many, &counted), append: sized(4096)}
		err := l.VisitListBDBsResponse(w)
		if err != nil && counted == many {
			err = nil // the rest was encoded all the same
		}
		results <- err
	}))
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if err := c.(*tls.Conn).NetConn().(*net.TCPConn).SetWriteBuffer(64 << 10); err != nil {
			t.Error(err)
		}
		return ctx
	}
	s.EnableHTTP2 = two
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, results
}

// begin asks for a listing on a connection of its own and reads a byte.
func begin(t *testing.T, s *httptest.Server) *http.Response {
	t.Helper()
	own := s.Client().Transport.(*http.Transport).Clone()
	t.Cleanup(own.CloseIdleConnections)
	own.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4096)
		}
		return conn, err
	}
	w, err := (&http.Client{Transport: own}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Body.Close() })
	if _, err := io.ReadFull(w.Body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return w
}

func overBothProtocols(t *testing.T, test func(t *testing.T, two bool)) {
	for version, two := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(version, func(t *testing.T) { test(t, two) })
	}
}

// TestSlowReaderHoldsNoTurn leaves two listings at their first byte. A third, with one turn for all of them, arrives.
func TestSlowReaderHoldsNoTurn(t *testing.T) {
	overBothProtocols(t, func(t *testing.T, two bool) {
		s, ended := serveListings(t, two)
		for range 2 {
			begin(t, s) //nolint:bodyclose // it closes it when the test ends
		}
		w, err := s.Client().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		n, err := io.Copy(io.Discard, w.Body)
		if err != nil || n < many*4096 || (w.ProtoMajor == 2) != two {
			t.Errorf("%v after %d bytes by %s", err, n, w.Proto)
		}
		if err := <-ended; err != nil {
			t.Errorf("a slow reader's listing was given up first: %v", err)
		}
	})
}

// TestClientGone closes a connection after the first byte: the rest of the listing is never encoded.
func TestClientGone(t *testing.T) {
	overBothProtocols(t, func(t *testing.T, two bool) {
		s, ended := serveListings(t, two)
		begin(t, s).Body.Close()
		if err := <-ended; err == nil {
			t.Error("the whole list was encoded")
		}
	})
}

// TestTurnsAreFair: who waits longest is next, and who gives up leaves the queue.
func TestTurnsAreFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(1)
		if err := turns.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		var order []int
		impatient, leave := context.WithCancel(t.Context())
		for i := range 4 {
			ctx := t.Context()
			if i == 1 {
				ctx = impatient
			}
			go func() {
				if err := turns.take(ctx); err != nil {
					order = append(order, -i)
					return
				}
				order = append(order, i)
			}()
			synctest.Wait()
		}
		leave()
		for range 4 {
			synctest.Wait()
			turns.end()
		}
		synctest.Wait()
		if !slices.Equal(order, []int{-1, 0, 2, 3}) {
			t.Errorf("they came in the order %v", order)
		}
		if err := turns.take(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that has gone gets a turn: %v", err)
		}
	})
}

// TestClientGoneBeforeItsAnswer has a request that outlives its client. That it stops is no failure of the server's; one of
// the server's is reported all the same.
func TestClientGoneBeforeItsAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		fail   func(context.Context) error
		status int
	}{
		"stops":  {context.Context.Err, 0},
		"fails":  {func(context.Context) error { return errors.New("the disk is gone") }, 500},
		"panics": {func(context.Context) error { panic("nil map") }, 500},
	} {
		t.Run(name, func(t *testing.T) {
			reported := leaveEarly(t, c.fail)
			if reported.Status != c.status || (reported.Err != nil) != (c.status == 500) {
				t.Errorf("reported as %+v", reported)
			}
		})
	}
}

// leaveEarly returns the report of a request that fails once its client has gone.
func leaveEarly(t *testing.T, fail func(context.Context) error) *event.Request {
	events, begun := eventtest.NewRecorder(), make(chan struct{})
	e := echo.New()
	e.HTTPErrorHandler = answerError
	e.Use((&Server{events: events.Sink}).report(newRequestIDs()), recoverPanics)
	e.GET("/", func(c echo.Context) error {
		close(begun)
		ctx := c.Request().Context()
		<-ctx.Done()
		return fail(ctx)
	})
	s := httptest.NewServer(e)
	defer s.Close()
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-begun
		leave()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if w, err := http.DefaultClient.Do(r); !errors.Is(err, context.Canceled) { //nolint:bodyclose // there is no answer
		t.Errorf("%v, %v", w, err)
	}
	return eventtest.Wait(t, events, func(*event.Request) bool { return true })
}

// TestAnswerCutShort fails after a part of an answer is out: nobody takes it for the whole, and the cause is reported.
func TestAnswerCutShort(t *testing.T) {
	cause := errors.New("the rest is lost")
	for name, fail := range map[string]func() error{"error": func() error { return cause }, "panic": func() error { panic(cause) }} {
		t.Run(name, func(t *testing.T) {
			events := eventtest.NewRecorder()
			e := echo.New()
			e.HTTPErrorHandler = answerError
			e.Use((&Server{events: events.Sink}).report(newRequestIDs()), recoverPanics)
			e.GET("/", func(c echo.Context) error {
				if _, err := c.Response().Write(make([]byte, 100<<10)); err != nil {
					return err
				}
				return fail()
			})
			s := httptest.NewServer(e)
			defer s.Close()
			w, err := http.Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Body.Close()
			if n, err := io.Copy(io.Discard, w.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v after %d bytes", err, n)
			}
			r := eventtest.Wait(t, events, func(*event.Request) bool { return true })
			if r.Status != 200 || r.Err == nil || !strings.Contains(events.Text(), cause.Error()) {
				t.Errorf("reported as %+v: %s", r, events.Text())
			}
		})
	}
}
