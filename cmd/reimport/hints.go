package main

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/internal/store"
)

// hinted is an error whose place knows better than its kind what to do.
type hinted struct {
	error
	hint string
}

func withHint(err error, hint string) error { return &hinted{err, hint} }

func (h *hinted) Unwrap() error { return h.error }

// hint says what to do about err, or nothing.
func hint(err error) string {
	var own *hinted
	if errors.As(err, &own) {
		return own.hint
	}
	var failed *client.ImportFailedError
	if errors.As(err, &failed) {
		return failureHint(failed.Reason)
	}
	for _, h := range hints {
		if errors.Is(err, h.err) {
			return h.text
		}
	}
	return networkHint(err)
}

// hints go by the kind of an error, the first that fits.
var hints = []struct {
	err  error
	text string
}{
	{client.ErrUnauthorized, "check REDIS_ENTERPRISE_USER and REDIS_ENTERPRISE_PASSWORD, or --user and --password-file"},
	{client.ErrForbidden, "the user's role lacks the permission: use a user with another role"},
	{client.ErrUnsupportedModule, "all modules of the database need the capability backup_restore: see reimport module list"},
	{client.ErrBusy, "another action runs on the database: try again later, or follow an import with reimport import wait UID"},
	{client.ErrNotFound, "reimport db list and reimport module list show what there is"},
	{client.ErrUIDExists, "leave uid out to get the next free one"},
	{client.ErrCreationFailed, "the server's log says why; reimport db delete UID removes what is left of it"},
	{client.ErrDatabaseUnavailable, "reimport db get UID shows its status; the server's log says more of a Redis that does not answer"},
	{client.ErrNoImport, "reimport import start UID SOURCE starts one"},
	{client.ErrRedirect, "give the address of the cluster's primary node as --url, or turn on the cluster's setting handle_redirects"},
	{client.ErrNoSuchPath, "check --url: it ends with the port, or with the path below which a proxy serves the API"},
	{client.ErrScheme, "--url and REDIS_ENTERPRISE_URL begin with https:// for TLS and with http:// without"},
	{client.ErrUnexpectedBody, "check that --url is the address of the API and not that of a proxy or of the web interface"},
	{client.ErrUnavailable, "the node is not ready or not part of a cluster: try again later, or another node"},
	{context.DeadlineExceeded, "--timeout sets how long one request may take"},
	{store.ErrDamaged, "reimport store check says what is damaged, reimport store restore puts a dump in its place"},
	{syscall.ECONNREFUSED, "is the server running? reimport serve starts one, --url or REDIS_ENTERPRISE_URL says where it is"},
}

// networkHint reads the errors of the standard library.
func networkHint(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var dns *net.DNSError
	switch {
	case errors.As(err, &authority):
		return "give --ca-cert the file that reimport serve names behind trust, or the cluster's certificate"
	case errors.As(err, &host):
		return "use one of the certificate's names in --url"
	case errors.As(err, &dns):
		return "check the host in --url or REDIS_ENTERPRISE_URL"
	}
	return ""
}

// failureHint reads an import_failure_reason. Each ends in what the next import does not need and a person may want.
func failureHint(reason string) string {
	const reset = "; reimport import reset UID puts the status back to idle"
	name, _, _ := strings.Cut(reason, ":")
	switch name {
	case "download-error":
		return "check that the server itself can read the source, and its credentials" + reset
	case "file-corrupted", "invalid-bulk-length", "key-too-long":
		return "the file is not a sound RDB file, plain or in gzip: copy or dump it again" + reset
	case "file-larger-than-mem-limit", "out-of-memory":
		return "raise the limit with reimport db update UID --memory-size BYTES" + reset
	}
	return "the server's log may say more" + reset
}
