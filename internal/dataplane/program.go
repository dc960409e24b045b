package dataplane

import (
	"errors"
	"os/exec"
	"path/filepath"
)

// ErrNoProgram says that no local Redis can be run here.
var ErrNoProgram = errors.New("no redis-server and no valkey-server on PATH")

// FindProgram returns the absolute path of the redis-server, or else the valkey-server, that is on PATH, or ErrNoProgram.
func FindProgram() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", ErrNoProgram
}
