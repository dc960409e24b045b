package dataplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/internal/database"
)

// host is where local Redises listen.
const host = "127.0.0.1"

const (
	dialTimeout = 5 * time.Second
	// replyTimeout is long: a large RESTORE keeps a Redis from answering others meanwhile.
	replyTimeout = 30 * time.Second
)

// Options returns how the Redis of a database is reached, whose record must have an endpoint unless it is attached. It
// retries nothing, and speaks RESP2. The caller owns it.
func (p *Plane) Options(db *database.Database) (*redis.Options, error) {
	switch {
	case db.DataPlane == database.Attached:
		return attachedOptions(db.Redis)
	case db.DataPlane == database.Local && db.Endpoint.Port != 0:
		o, dir := localOptions(db.Endpoint.Port, settingsOf(db).password), p.directory(db.UID)
		o.OnConnect = func(ctx context.Context, c *redis.Conn) error { return isBehind(ctx, c, dir) }
		return o, nil
	}
	return nil, fmt.Errorf("database %d has no Redis", db.UID)
}

// isBehind is nil if the local Redis in dir answers on c. When that dies another one may get its port, and must not be emptied in
// its place.
func isBehind(ctx context.Context, c *redis.Conn, dir string) error {
	p, err := lookUpProcess(dir)
	if err != nil {
		return err
	}
	return p.isBehind(ctx, c)
}

func options(network, addr string) *redis.Options {
	return &redis.Options{
		Network: network, Addr: addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: dialTimeout, ReadTimeout: replyTimeout, WriteTimeout: replyTimeout, ContextTimeoutEnabled: true,
	}
}

func localOptions(port int, password string) *redis.Options {
	o := options("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	o.Password = password
	return o
}

func attachedOptions(a database.Attachment) (*redis.Options, error) {
	o := options(a.Network, a.Addr)
	o.Username, o.Password = a.Username, a.Password
	if !a.TLS {
		return o, nil
	}
	o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if a.Network == "tcp" {
		o.TLSConfig.ServerName, _, _ = net.SplitHostPort(a.Addr)
	}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, err
		}
		o.TLSConfig.RootCAs = x509.NewCertPool()
		if !o.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New(a.CAFile + ": expected certificates in PEM")
		}
	}
	if a.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile)
		if err != nil {
			return nil, err
		}
		o.TLSConfig.Certificates = []tls.Certificate{cert}
	}
	return o, nil
}
