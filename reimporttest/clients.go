package reimporttest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/reimport/reimport/client"
)

// Role is what a user may do.
type Role string

// The roles of Redis Software, and none, which may do nothing.
const (
	Admin         Role = "admin"
	ClusterMember Role = "cluster_member"
	ClusterViewer Role = "cluster_viewer"
	DBMember      Role = "db_member"
	DBViewer      Role = "db_viewer"
	UserManager   Role = "user_manager"
	None          Role = "none"
)

// UserOf returns the email of the user whom every server has in a role, such as db_viewer@reimport.test.
func UserOf(role Role) string { return string(role) + "@reimport.test" }

// HTTPClient returns a client that trusts the server, for requests of one's own. It sends no credentials.
func (s *Server) HTTPClient() *http.Client { return s.http }

// Client returns a client of the administrator.
func (s *Server) Client(options ...client.Option) *client.Client {
	s.t.Helper()
	return s.ClientOf(UserOf(Admin), s.Password, options...)
}

// ClientAs returns a client of the user in a role.
func (s *Server) ClientAs(role Role, options ...client.Option) *client.Client {
	s.t.Helper()
	return s.ClientOf(UserOf(role), s.Password, options...)
}

// ClientOf returns a client with these credentials, right or wrong.
func (s *Server) ClientOf(email, password string, options ...client.Option) *client.Client {
	s.t.Helper()
	all := append([]client.Option{client.WithBasicAuth(email, password), client.WithHTTPClient(s.http)}, options...)
	c, err := client.New(s.URL, all...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// transport asks no proxy: the server is on this machine.
func transport(pool *x509.CertPool) *http.Transport {
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16,
	}
}
