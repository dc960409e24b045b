package access_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/reimport/reimport/internal/access"
)

func hashOf(t *testing.T, password string, cost int) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func TestProves(t *testing.T) {
	long := strings.Repeat("x", access.MaxPasswordLength)
	short, longest := hashOf(t, "pw", bcrypt.MinCost), hashOf(t, long, bcrypt.MinCost)
	for _, c := range []struct {
		password, hash string
		want           bool
	}{
		{"pw", short, true},
		{"pW", short, false},
		{"", short, false},
		{"pw\x00", short, false},
		{"pw\x00pw", short, false}, // the same to bcrypt as pw
		{long, longest, true},
		{long[1:], longest, false},
		{long + "y", longest, false}, // the same to bcrypt as long
		{"pw", "pw", false},
		{"", "", false},
	} {
		if got := access.Proves(c.password, c.hash); got != c.want {
			t.Errorf("%q, %s: %v, want %v", c.password, c.hash, got, c.want)
		}
	}
}

func TestHashPassword(t *testing.T) {
	for _, password := range []string{"x", "pässword", strings.Repeat("x", access.MaxPasswordLength)} {
		hash, err := access.HashPassword(password)
		if err != nil || access.CheckHash(hash) != nil || !access.Proves(password, hash) {
			t.Errorf("%q: %v, %s", password, err, hash)
		}
	}
	for _, password := range []string{"", "\x00", "pw\x00pw", strings.Repeat("x", access.MaxPasswordLength+1)} {
		if hash, err := access.HashPassword(password); err == nil || hash != "" {
			t.Errorf("%q has the hash %s", password, hash)
		}
	}
}

func TestEmails(t *testing.T) {
	for email, want := range map[string]bool{
		"a@example.com": true, "a": true, "ü@example.com": true, strings.Repeat("x", access.MaxEmailLength): true,
		"": false, "a:b": false, "a\x00b": false, "a\nb": false, "a\u0085b": false, "a\xff": false, strings.Repeat("x", access.MaxEmailLength+1): false,
	} {
		if got := access.CheckEmail(email) == nil; got != want {
			t.Errorf("%q: %v, want %v", email, got, want)
		}
	}
}

func TestCommonHash(t *testing.T) {
	four, four2, five, five2 := hashOf(t, "a", 4), hashOf(t, "b", 4), hashOf(t, "c", 5), hashOf(t, "d", 5)
	for name, c := range map[string]struct {
		hashes []string
		cost   int
	}{
		"one":                {[]string{four}, 4},
		"most are low":       {[]string{four, five, four2}, 4},
		"most are high":      {[]string{five, four, five2}, 5},
		"as many, low first": {[]string{four, five, five2, four2}, 5},
		"as many, low last":  {[]string{five, four}, 5},
	} {
		var users []access.User
		for _, hash := range c.hashes {
			users = append(users, access.User{PasswordHash: hash})
		}
		if cost, err := bcrypt.Cost([]byte(access.CommonHash(users))); err != nil || cost != c.cost {
			t.Errorf("%s: cost %d, want %d (%v)", name, cost, c.cost, err)
		}
	}
	if hash := access.CommonHash(nil); hash != "" {
		t.Errorf("no users have the hash %s", hash)
	}
}
