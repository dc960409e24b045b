// Package access has the rules of who may do what: users, their roles and permissions, the form and the proof of a
// password, and the lock-out of those who keep guessing.
package access

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
)

// User is somebody who may log in.
type User struct {
	Email        string
	PasswordHash string // bcrypt
	Role         Role
}

// The lengths in bytes. bcrypt takes no notice of what follows the 72nd byte of a password.
const (
	MaxEmailLength    = 254
	MaxPasswordLength = 72
)

// CheckEmail returns an error if no user can have this email. HTTP's Basic credentials end a user name at the first
// colon and allow no control characters.
func CheckEmail(email string) error {
	control := func(r rune) bool { return r == ':' || unicode.IsControl(r) }
	if email == "" || len(email) > MaxEmailLength || !utf8.ValidString(email) || strings.ContainsFunc(email, control) {
		return fmt.Errorf("email: expected 1 to %d bytes of UTF-8 without a colon or control characters", MaxEmailLength)
	}
	return nil
}

// CheckPassword returns an error if no user can have this password. bcrypt repeats a password and the NUL that ends it
// to fill its key, so it cannot tell a password that has a NUL from a shorter one.
func CheckPassword(password string) error {
	if password == "" || len(password) > MaxPasswordLength || strings.Contains(password, "\x00") {
		return fmt.Errorf("password: expected 1 to %d bytes without NUL", MaxPasswordLength)
	}
	return nil
}

// HashPassword returns the bcrypt hash of a password that CheckPassword accepts.
func HashPassword(password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	return string(hash), err
}

// CheckHash returns an error if hash is not a bcrypt hash.
func CheckHash(hash string) error {
	if _, err := bcrypt.Cost([]byte(hash)); err != nil {
		return errors.New("password hash: expected a bcrypt hash")
	}
	return nil
}

// Proves reports whether the password is the one that hash was made from. It takes tens of milliseconds, as long as
// the cost in hash says.
func Proves(password, hash string) bool {
	return CheckPassword(password) == nil && bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
}

// CommonHash returns the hash of one of the users with the commonest cost, the higher one of two that are as common.
// Comparing the password of a user who does not exist against it takes as long as for most users who do. It is empty
// if there are no users.
func CommonHash(users []User) string {
	counts, common, most := map[int]int{}, "", 0
	for _, u := range users {
		cost, _ := bcrypt.Cost([]byte(u.PasswordHash))
		counts[cost]++
	}
	for _, u := range users {
		cost, _ := bcrypt.Cost([]byte(u.PasswordHash))
		if n := counts[cost]; common == "" || n > counts[most] || n == counts[most] && cost > most {
			common, most = u.PasswordHash, cost
		}
	}
	return common
}
