package seed

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/reimport/reimport/internal/database"
)

// An Attachment is a database by its name, and the Redis that it is to be attached to.
type Attachment struct {
	Name  string
	Redis database.Attachment
}

// ParseAttachment reads NAME=URL. The query of the URL may have the other fields of `redis` in a seed, such as password_file. An
// error has no part of the URL, which may have a password in it.
func ParseAttachment(text string) (Attachment, error) {
	name, address, _ := strings.Cut(text, "=")
	if database.CheckName(name) != nil || address == "" {
		return Attachment{}, errors.New("expected NAME=URL, with a name of letters, digits and hyphens")
	}
	address, query, _ := strings.Cut(address, "?")
	f := fileRedis{URL: address}
	values, err := url.ParseQuery(query)
	if err != nil {
		return Attachment{}, errors.New(name + ": url: expected name=value pairs behind the ?")
	}
	for field, given := range values {
		target := fieldByTag(reflect.ValueOf(&f).Elem(), field)
		if !target.IsValid() || field == "url" || len(given) != 1 {
			return Attachment{}, errors.New(name + ": url: expected fields of redis in a seed behind the ?, each once")
		}
		target.SetString(given[0])
	}
	redis, err := f.attachment()
	if err != nil {
		return Attachment{}, fmt.Errorf("%s: %w", name, err)
	}
	return Attachment{name, redis}, nil
}

var (
	errRedisURL     = &database.FieldError{Field: "url", Expected: "redis://host:port, rediss://host:port for TLS, or unix:///path, with a user and a password if need be"}
	errUsernames    = &database.FieldError{Field: "username", Expected: "none beside one in the url"}
	errPasswords    = &database.FieldError{Field: "password", Expected: "one in the url, in password or in password_file"}
	errPasswordFile = &database.FieldError{Field: "password_file", Expected: "a file that can be read, with the password in its first line"}
	errCAFile       = &database.FieldError{Field: "ca_cert_file", Expected: "a PEM file with certificates, and a url that begins with rediss://"}
	errKeyPair      = &database.FieldError{Field: "client_cert_file", Expected: "PEM files of a certificate and its key, and a url that begins with rediss://"}
)

// attachment returns how to reach the Redis. The error is a *database.FieldError.
func (f fileRedis) attachment() (a database.Attachment, err error) {
	u, err := url.Parse(f.URL)
	if err != nil || u.Opaque != "" || u.RawQuery != "" || u.Fragment != "" {
		return a, errRedisURL
	}
	if a, err = placeOf(u); err != nil {
		return a, err
	}
	if a.Username = u.User.Username(); a.Username != "" && f.Username != "" {
		return a, errUsernames
	}
	a.Username += f.Username
	if a.Password, err = f.password(u.User); err != nil {
		return a, err
	}
	return a, f.identify(&a)
}

// placeOf reads all of a URL but the user.
func placeOf(u *url.URL) (a database.Attachment, err error) {
	port := u.Port()
	if port == "" {
		port = "6379"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	tcp := u.Hostname() != "" && err == nil && n > 0 && (u.Path == "" || u.Path == "/" || u.Path == "/0")
	switch {
	case (u.Scheme == "redis" || u.Scheme == "rediss") && tcp:
		return database.Attachment{Network: "tcp", Addr: net.JoinHostPort(u.Hostname(), port), TLS: u.Scheme == "rediss"}, nil
	case u.Scheme == "unix" && u.Host == "" && filepath.IsAbs(u.Path):
		return database.Attachment{Network: "unix", Addr: filepath.Clean(u.Path)}, nil
	}
	return a, errRedisURL
}

func (f fileRedis) password(user *url.Userinfo) (string, error) {
	inURL, _ := user.Password()
	var given []string
	for _, p := range []string{inURL, f.Password, f.PasswordFile} {
		if p != "" {
			given = append(given, p)
		}
	}
	switch {
	case len(given) > 1:
		return "", errPasswords
	case f.PasswordFile == "":
		return inURL + f.Password, nil
	}
	text, err := os.ReadFile(f.PasswordFile)
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); err != nil || line == "" {
		return "", errPasswordFile
	}
	return line, nil
}

// identify adds the files that TLS needs, by their absolute paths.
func (f fileRedis) identify(a *database.Attachment) (err error) {
	for _, file := range []struct {
		given string
		to    *string
	}{{f.CACertFile, &a.CAFile}, {f.ClientCertFile, &a.CertFile}, {f.ClientKeyFile, &a.KeyFile}} {
		if file.given == "" {
			continue
		}
		if *file.to, err = filepath.Abs(file.given); err != nil {
			return err
		}
	}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil || !a.TLS || !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return errCAFile
		}
	}
	if a.CertFile != "" || a.KeyFile != "" {
		if _, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile); err != nil || !a.TLS {
			return errKeyPair
		}
	}
	return nil
}

// writtenRedis has no password.
func writtenRedis(a database.Attachment) fileRedis {
	if a == (database.Attachment{}) {
		return fileRedis{}
	}
	u := url.URL{Scheme: "redis", Host: a.Addr}
	switch {
	case a.Network == "unix":
		u = url.URL{Scheme: "unix", Path: a.Addr}
	case a.TLS:
		u.Scheme = "rediss"
	}
	return fileRedis{URL: u.String(), Username: a.Username, CACertFile: a.CAFile, ClientCertFile: a.CertFile, ClientKeyFile: a.KeyFile}
}
