package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/disk"
)

// certificateLife is how long a certificate made here is valid: the most that strict clients accept of a server's.
const certificateLife = 825 * 24 * time.Hour

// OwnCertificate returns the node's certificate in dir and the path of the file with the CA that clients trust it by.
// If dir is missing, or its certificate has expired or lacks one of names, it makes both. A new certificate is also for host,
// which a container has another one of each time.
func OwnCertificate(dir, host string, names []string, now time.Time) (cert tls.Certificate, ca string, err error) {
	ca = filepath.Join(dir, "ca.pem")
	cert, err = tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err == nil {
		_, err = os.Stat(ca)
	}
	if err == nil && now.Before(cert.Leaf.NotAfter) && covers(cert.Leaf, names) {
		return cert, ca, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cert, "", err
	}
	if err := createCertificate(dir, append([]string{host}, names...), now); err != nil {
		return cert, "", err
	}
	cert, err = tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	return cert, ca, err
}

// createCertificate fills a directory of its own and moves it into place, so that a crash leaves all files or none.
func createCertificate(dir string, names []string, now time.Time) error {
	cert, key, ca, err := NewCertificate(names, now)
	if err != nil {
		return err
	}
	return replaceDir(dir, map[string][]byte{"ca.pem": ca, "cert.pem": cert, "key.pem": key})
}

// covers reports whether a certificate is for all of names, which are hosts or addresses.
func covers(c *x509.Certificate, names []string) bool {
	for _, name := range names {
		if c.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

// NewCertificate returns, as PEM, a certificate for the loopback addresses, localhost and names, which are hosts, addresses or
// empty, its key, and the CA that clients trust it by, whose key is thrown away. All are valid for 825 days from now.
func NewCertificate(names []string, now time.Time) (cert, key, ca []byte, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	issuer := template("reimport CA", now)
	issuer.IsCA, issuer.BasicConstraintsValid, issuer.KeyUsage = true, true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, issuer, issuer, caKey.Public(), caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	leaf := template("reimport", now)
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.DNSNames, leaf.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else if name != "" && !slices.Contains(leaf.DNSNames, name) {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, issuer, leafKey.Public(), caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, nil, nil, err
	}
	return encode("CERTIFICATE", leafDER), encode("PRIVATE KEY", keyDER), encode("CERTIFICATE", caDER), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func template(name string, now time.Time) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.Add(certificateLife),
	}
}

func replaceDir(dir string, files map[string][]byte) error {
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.MkdirAll(fresh, 0o700); err != nil {
		return err
	}
	for name, data := range files {
		if err := disk.WriteFile(filepath.Join(fresh, name), data, 0o600); err != nil {
			return err
		}
	}
	err := errors.Join(disk.SyncDir(fresh), os.RemoveAll(dir))
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(fresh, dir), disk.SyncDir(filepath.Dir(dir)))
}
