package seed

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/disk"
)

// CreateAdmin writes a set-up file to path, which must not exist, with one user, whom it returns: email in the role admin.
// The random password stands nowhere else, so it is shown first. If show fails, so does CreateAdmin, and there is no file.
func CreateAdmin(path, email string, show func(password string) error) (access.User, error) {
	password := rand.Text()
	hash, err := access.HashPassword(password)
	if err != nil {
		return access.User{}, err
	}
	admin := access.User{Email: email, PasswordHash: hash, Role: access.Admin}
	var data bytes.Buffer
	if err := Write(&data, "", &Seed{Users: []access.User{admin}}); err != nil {
		return access.User{}, err
	}
	return admin, createWhole(path, data.Bytes(), func() error { return show(password) })
}

// createWhole creates the file at path with all of data in it or, if anything fails, which may be the last step, not at
// all: a users file that is empty would lock everybody out.
func createWhole(path string, data []byte, last func() error) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	out, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(out.Name()) }() // it is gone if all went well
	_, err = out.Write(data)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := last(); err != nil {
		return err
	}
	return errors.Join(os.Rename(out.Name(), path), disk.SyncDir(filepath.Dir(path)))
}
