package cluster

import (
	"crypto/rand"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/bcrypt"
)

// MaxPasswordLength is the length in bytes up to which bcrypt tells passwords apart.
const MaxPasswordLength = 72

// HashPassword returns the bcrypt hash of a password of 1 to MaxPasswordLength bytes.
func HashPassword(password string) (string, error) {
	if password == "" || len(password) > MaxPasswordLength {
		return "", fmt.Errorf("password: expected 1 to %d bytes", MaxPasswordLength)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	return string(hash), err
}

// CreateAdmin writes a set-up file to path, which must not exist, with one user: email in the role Admin. It returns
// that user and the random password, which stands nowhere else.
func CreateAdmin(path, email string) (admin User, password string, err error) {
	password = rand.Text()
	hash, err := HashPassword(password)
	if err != nil {
		return User{}, "", err
	}
	f := struct {
		Users []fileUser `yaml:"users"`
	}{[]fileUser{{Email: email, PasswordHash: hash, Role: string(Admin)}}}
	data, err := yaml.Marshal(f)
	if err != nil {
		return User{}, "", err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return User{}, "", err
	}
	if _, err := out.Write(data); err != nil {
		out.Close()
		return User{}, "", err
	}
	return User{email, hash, Admin}, password, out.Close()
}
