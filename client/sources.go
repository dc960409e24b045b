package client

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

// ParseSource reads where an RDB file is: an absolute path on the server's disk, or an http, https, ftp, ftps or sftp
// URL, in which user and password may stand. Stores of objects need credentials beside the address: fill in an
// api.S3Source, GSSource or ABSSource and use the From method of api.ImportSource.
//
// Errors are ErrInvalid, and never repeat the URL.
func ParseSource(s string) (api.ImportSource, error) {
	scheme, _, isURL := strings.Cut(s, "://")
	if !isURL {
		return mountPoint(s)
	}
	var source api.ImportSource
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return source, fmt.Errorf("%w: source: expected a URL with a host", ErrInvalid)
	}
	switch u.Scheme {
	case "http", "https", "ftp", "ftps":
		err = source.FromURLSource(api.URLSource{URL: s})
	case "sftp":
		err = source.FromSFTPSource(api.SFTPSource{SFTPURL: s})
	default:
		err = fmt.Errorf("%w: source: expected a path, or a URL with http, https, ftp, ftps or sftp, not %s", ErrInvalid, scheme)
	}
	return source, err
}

func mountPoint(s string) (api.ImportSource, error) {
	var source api.ImportSource
	if !path.IsAbs(s) {
		return source, fmt.Errorf("%w: source: expected an absolute path", ErrInvalid)
	}
	err := source.FromMountPointSource(api.MountPointSource{Path: s})
	return source, err
}
