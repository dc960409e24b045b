package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reimport/reimport/client"
)

func TestConnectionHints(t *testing.T) {
	list := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]") })
	plain, secure := httptest.NewServer(list), httptest.NewUnstartedServer(list)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer plain.Close()
	defer secure.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}
	if err := os.WriteFile(ca, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	_, tlsPort, _ := net.SplitHostPort(secure.Listener.Addr().String())
	_, plainPort, _ := net.SplitHostPort(plain.Listener.Addr().String())
	for name, tt := range map[string]struct {
		args string
		code int
		hint string
	}{
		"CA given":       {"--url https://127.0.0.1:" + tlsPort + " --ca-cert " + ca, 0, ""},
		"unknown CA":     {"--url https://127.0.0.1:" + tlsPort, 10, "--ca-cert"},
		"another name":   {"--url https://localhost:" + tlsPort + " --ca-cert " + ca, 10, "certificate's names"},
		"plain to TLS":   {"--url http://127.0.0.1:" + tlsPort, 10, "https://"},
		"TLS to plain":   {"--url https://127.0.0.1:" + plainPort, 10, "http://"},
		"nobody listens": {"--url https://127.0.0.1:1", 10, "reimport serve"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			a := &app{in: strings.NewReader(""), out: &out, errOut: &errOut, lookup: func(string) (string, bool) { return "", false }}
			code := a.run(t.Context(), append([]string{"db", "list"}, strings.Fields(tt.args)...))
			_, said, _ := strings.Cut(errOut.String(), "hint: ")
			if code != tt.code || !strings.Contains(said, tt.hint) || (tt.hint == "") != (said == "") {
				t.Errorf("got %d, %q, want %d and a hint with %q", code, &errOut, tt.code, tt.hint)
			}
		})
	}
}

func TestHints(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: %w", client.ErrNetwork, &net.DNSError{Err: "no such host"}), "check the host"},
		{client.ErrForbidden, "role"},
		{client.ErrUIDExists, "leave uid out"},
		{client.ErrNoImport, "reimport import start"},
		{client.ErrUnexpectedBody, "proxy"},
		{client.ErrNoSuchPath, "--url"},
		{client.ErrUnavailable, "try again later"},
		{client.ErrDatabaseUnavailable, "reimport db get UID"},
		{&client.ImportFailedError{Reason: "download-error"}, "can read the source"},
		{&client.ImportFailedError{Reason: "file-corrupted"}, "sound RDB file"},
		{&client.ImportFailedError{Reason: "file-larger-than-mem-limit:2:1"}, "--memory-size"},
		{&client.ImportFailedError{Reason: "general-error"}, "log"},
		{&client.ImportFailedError{}, "reimport import reset UID"},
		{errors.New("anything else"), ""},
	} {
		if got := hint(tt.err); !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%v: %q, want %q in it", tt.err, got, tt.want)
		}
	}
}
