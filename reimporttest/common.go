package reimporttest

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/seed"
)

// shared is what all servers of a process have in common, because it takes long to make. Nothing changes it.
type shared struct {
	certificate tls.Certificate
	ca          []byte // PEM
	pool        *x509.CertPool
	password    string
	hash        string
	seed        seed.Seed // the default databases
}

var common = sync.OnceValues(func() (*shared, error) {
	cert, key, ca, err := node.NewCertificate(nil, time.Now())
	if err != nil {
		return nil, err
	}
	c := &shared{ca: ca, pool: x509.NewCertPool(), password: rand.Text()}
	c.pool.AppendCertsFromPEM(ca)
	if c.certificate, err = tls.X509KeyPair(cert, key); err != nil {
		return nil, err
	}
	if c.hash, err = hash(c.password); err != nil {
		return nil, err
	}
	databases, err := seed.Parse("default databases", seedOf(defaults()))
	if err != nil {
		return nil, err
	}
	c.seed = *databases
	return c, nil
})

// hash returns a hash that is quick to make. Nobody else may log in with it: the password is random, or the test's own.
func hash(password string) (string, error) {
	if err := access.CheckPassword(password); err != nil {
		return "", err
	}
	made, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	return string(made), err
}

// users returns one user of each role.
func (c *shared) users() []access.User {
	var users []access.User
	for _, role := range access.Roles() {
		users = append(users, access.User{Email: UserOf(Role(role)), PasswordHash: c.hash, Role: role})
	}
	return users
}
