package client_test

import (
	"bufio"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
)

// listen serves each connection with f, which gets the first line that was sent.
func listen(t *testing.T, f func(net.Conn, string)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			f(conn, line)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// TestSchemes speaks HTTP to ports with TLS of several makes, and TLS to a port without.
func TestSchemes(t *testing.T) {
	secure := httptest.NewUnstartedServer(answer(200, "[]"))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(answer(200, "[]"))
	defer plain.Close()
	const nginx = "<title>400 The plain HTTP request was sent to HTTPS port</title>"
	page := httptest.NewServer(answer(400, nginx))
	defer page.Close()
	alert := listen(t, func(conn net.Conn, _ string) { conn.Write([]byte("\x15\x03\x01\x00\x02\x02\x16")) })
	silent := listen(t, func(net.Conn, string) {})

	for name, tt := range map[string]struct {
		url, text string
		want      error
	}{
		"Go":            {"http://" + secure.Listener.Addr().String(), "use https://", client.ErrScheme},
		"nginx":         {page.URL, "use https://", client.ErrScheme},
		"an alert":      {"http://" + alert, "use https://", client.ErrScheme},
		"silence":       {"http://" + silent, "if it speaks TLS, use https://", client.ErrNetwork},
		"TLS to plain":  {"https://" + plain.Listener.Addr().String(), "does not speak TLS at this port: use http://", client.ErrScheme},
		"TLS to an SSH": {"https://" + listen(t, func(conn net.Conn, _ string) { io.WriteString(conn, "SSH-2.0-x\r\n") }), "", client.ErrNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, tt.url)
			for _, err := range []error{second(c.ListDatabases(t.Context())), c.ResetImportStatus(t.Context(), 1)} {
				if !errors.Is(err, tt.want) || !errors.Is(err, client.ErrNetwork) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("got %v, want %v that says %q", err, tt.want, tt.text)
				}
			}
		})
	}
	_, err := connect(t, secure.URL, client.WithInsecureTLS(), client.WithBasicAuth("", "")).ListDatabases(t.Context())
	if err != nil {
		t.Errorf("the right scheme: %v", err)
	}
	// A refusal in the API's own words stays one, whatever it mentions.
	own := serve(t, answer(400, `{"error_code":"invalid_schema","description":"url: expected HTTPS"}`))
	if err := second(own.ListDatabases(t.Context())); !errors.Is(err, client.ErrInvalid) || errors.Is(err, client.ErrScheme) {
		t.Errorf("a refusal that mentions HTTPS: %v, want ErrInvalid", err)
	}
}

// TestHTTPClient combines an http.Client with the other options.
func TestHTTPClient(t *testing.T) {
	refusals, cookies, asked := 1, []string{}, 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "a", Path: "/"})
		if r.URL.Path == "/v1/bdbs/7" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		refusing(&refusals, 409, "", "")(w, r)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	own := &http.Transport{DialContext: (&net.Dialer{}).DialContext}
	defer own.CloseIdleConnections()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Client{Transport: own, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { asked++; return nil }}
	clock := newClock()
	c := connect(t, srv.URL, client.WithHTTPClient(h), client.WithCAFile(pemOf(t, srv)), clock.option(), client.WithRetry(time.Minute), client.WithJitter(longest))
	if err := c.ResetImportStatus(t.Context(), 1); err != nil || len(clock.slept) != 1 {
		t.Errorf("CA and retry: %v after %v", err, clock.slept)
	}
	if strings.Join(cookies, "|") != "|session=a" {
		t.Errorf("cookies were %q", cookies)
	}
	if err := second(c.GetDatabase(t.Context(), 7)); !errors.Is(err, client.ErrRedirect) || asked > 0 {
		t.Errorf("redirect: %v, and CheckRedirect was asked %d times", err, asked)
	}
	if own.TLSClientConfig != nil && own.TLSClientConfig.RootCAs != nil {
		t.Error("the caller's transport was changed")
	}
	if err := second(connect(t, srv.URL, client.WithHTTPClient(h)).ListDatabases(t.Context())); !errors.Is(err, client.ErrNetwork) {
		t.Errorf("without the CA: %v, want ErrNetwork", err)
	}
}

// TestHTTPClientTimeout lets the later of two timeouts count.
func TestHTTPClientTimeout(t *testing.T) {
	stalled := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	short, long := client.WithHTTPClient(&http.Client{Timeout: 20 * time.Millisecond}), client.WithTimeout(time.Hour)
	for name, opts := range map[string][]client.Option{"http.Client": {long, short}, "WithTimeout": {client.WithHTTPClient(&http.Client{Timeout: time.Hour}), client.WithTimeout(20 * time.Millisecond)}} {
		if err := second(serve(t, stalled, opts...).ListDatabases(t.Context())); err == nil || !strings.Contains(err.Error(), "within 20ms") {
			t.Errorf("%s: %v, want an end after 20ms", name, err)
		}
	}
}
