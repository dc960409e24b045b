package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/reimport/reimport/internal/database"
)

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestDownload(t *testing.T) {
	o, _ := newOpener(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("accepts the encoding %s", got)
		}
		fmt.Fprint(w, "REDIS", r.URL.RawQuery)
	})
	f, err := o.Open(t.Context(), web(s.URL+"/a.rdb?x=y"))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, f); got != "REDISx=y" || f.Size != 8 || f.Label != s.URL+"/a.rdb" {
		t.Errorf("got %q, %+v", got, f)
	}
	left, err := os.ReadDir(o.cfg.SpoolDir)
	if err != nil || len(left) > 0 {
		t.Errorf("spool directory: %v, %v", left, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestDownloadFails(t *testing.T) {
	o, _ := newOpener(t)
	o.cfg.Stall = 100 * time.Millisecond
	tooMany := strings.Repeat("x", 1<<20+1)
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"not found", http.NotFound, "got 404"},
		{"server error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "got 503"},
		{"part of it", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(206) }, "got 206"},
		{"longer than allowed, as announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(tooMany)))
		}, errTooMany.Error()},
		{"longer than allowed, in chunks", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			io.WriteString(w, tooMany)
		}, errTooMany.Error()},
		{"shorter than announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "REDIS")
		}, "unexpected EOF"},
		{"cut off between chunks", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "REDIS")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "unexpected EOF"},
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, errStalled.Error()},
		{"stalled body", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "REDIS")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, errStalled.Error()},
		{"redirect to another scheme", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/SECRET")
			w.WriteHeader(302)
		}, "http or https"},
		{"redirect to nowhere", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, "302 leads nowhere"},
		{"redirect to nonsense", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://user:SECRET@%zz/")
			w.WriteHeader(302)
		}, "302 leads nowhere"},
		{"redirect loop", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/SECRET", http.StatusTemporaryRedirect)
		}, errRedirects.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.handler)
			_, err := o.Open(t.Context(), web(s.URL+"/?SECRET"))
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	o, _ := newOpener(t)
	s := httptest.NewServer(http.NotFoundHandler())
	url := s.URL
	s.Close()
	if _, err := o.Open(t.Context(), web(url+"/?SECRET")); !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("got %v", err)
	}
}

func TestRedirects(t *testing.T) {
	o, _ := newOpener(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		left, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil || left == 0 {
			fmt.Fprint(w, "REDIS")
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/%d", left-1), http.StatusFound)
	})
	f, err := o.Open(t.Context(), web(fmt.Sprintf("%s/%d", s.URL, maxRedirects)))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := o.Open(t.Context(), web(fmt.Sprintf("%s/%d", s.URL, maxRedirects+1))); !errors.Is(err, errRedirects) {
		t.Errorf("got %v, want %v", err, errRedirects)
	}
}

func TestCredentialsStayWithTheirHost(t *testing.T) {
	o, _ := newOpener(t)
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Authorization", "Referer", "Cookie"} {
			if got := r.Header.Get(name); got != "" {
				t.Errorf("another host was sent %s %s", name, got)
			}
		}
		fmt.Fprint(w, "REDIS")
	})
	asked := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if user, password, _ := r.BasicAuth(); user != "us er" || password != "p:w" {
			t.Errorf("%s: got %q, %q", r.URL, user, password)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "SECRET"})
		if r.URL.Path == "/first" {
			http.Redirect(w, r, "/second", http.StatusMovedPermanently)
			return
		}
		http.Redirect(w, r, strings.Replace(other.URL, "http://", "http://thief:x@", 1), http.StatusFound)
	})
	url := strings.Replace(s.URL, "http://", "http://us%20er:p%3Aw@", 1) + "/first?signature=SECRET"
	f, err := o.Open(t.Context(), web(url))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if asked != 2 {
		t.Errorf("the host was asked %d times, want 2", asked)
	}
}

// TestArrivals: so many bytes keep a download alive, however long it takes.
func TestArrivals(t *testing.T) {
	alive := 0
	body := iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 3*minArrival-1)))
	a := &arrivals{body: body, left: 3 * minArrival, alive: func() { alive++ }, period: time.Now()}
	if n, err := io.Copy(io.Discard, a); n != 3*minArrival-1 || err != nil || alive != 2 {
		t.Errorf("%d bytes, %v, alive %d times, want 2", n, err, alive)
	}
}

// TestTrickle: a server that never stalls, but would take weeks.
func TestTrickle(t *testing.T) {
	o, _ := newOpener(t)
	o.cfg.MaxDownload = 1 << 30
	synctest.Test(t, func(t *testing.T) {
		var server sync.WaitGroup
		o.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			server.Go(func() {
				defer there.Close()
				if _, err := http.ReadRequest(bufio.NewReader(there)); err != nil {
					t.Error(err)
					return
				}
				_, err := io.WriteString(there, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
				for err == nil {
					_, err = there.Write(make([]byte, minArrival))
					time.Sleep(o.cfg.Stall - time.Second)
				}
			})
			return here, nil
		}
		began := time.Now()
		_, err := o.Open(t.Context(), web("http://backups.example.com/a.rdb"))
		if took := time.Since(began); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errSlow) || took < pacePeriod || took > pacePeriod+o.cfg.Stall {
			t.Errorf("%v after %v, want %v after %v", err, took, errSlow, pacePeriod)
		}
		server.Wait()
	})
}

func TestPace(t *testing.T) {
	for _, test := range []struct {
		name     string
		arriving []int // bytes, each of them in a third of a period
		slow     bool
	}{
		{"enough in each period", []int{minPace, 0, 0, 0, 0, minPace, 0, minPace, 0}, false},
		{"a byte too few", []int{0, 0, minPace - 1}, true},
		{"a byte too few, later", []int{0, minPace, 0, minPace - 1, 0, 0}, true},
		{"much before does not count", []int{0, 0, 10 * minPace, 0, 0, 1}, true},
		{"slow but soon over", []int{1, 1}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &arrivals{period: time.Now()}
				for i, n := range test.arriving {
					time.Sleep(pacePeriod / 3)
					if slow := a.isSlow(n); slow != (test.slow && i == len(test.arriving)-1) {
						t.Errorf("after %d thirds of a period: slow is %v", i+1, slow)
					}
				}
			})
		})
	}
}

func TestContextStopsDownload(t *testing.T) {
	o, _ := newOpener(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "REDIS")
		w.(http.Flusher).Flush()
		cancel(database.ErrStaleRun)
		<-r.Context().Done()
	})
	_, err := o.Open(ctx, web(s.URL))
	if !errors.Is(err, database.ErrStaleRun) {
		t.Errorf("got %v, want %v", err, database.ErrStaleRun)
	}
}

func TestSpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "spool")
	if _, err := New(Config{SpoolDir: dir}); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "download-123"), "left by a dead process")
	write(t, filepath.Join(dir, "other"), "not ours")
	o, err := New(Config{SpoolDir: dir, AllowPrivate: true, MaxDownload: 100, SpoolReserve: 1})
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "REDIS") })
	if _, err := o.Open(t.Context(), web(s.URL)); err == nil || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want an error that does not blame the source", err)
	}
}
