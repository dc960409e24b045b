package node_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reimport/reimport/internal/node"
	"github.com/reimport/reimport/internal/powerloss"
	"github.com/reimport/reimport/internal/seed"
)

// childDir names, in a test binary's environment, the directory in which it shall open and close two nodes.
const childDir = "REIMPORT_NODE_CHILD"

func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := errors.Join(openOnce(dir, "plain"), openOnce(dir, "tls")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func dataDir(dir, protocol string) string { return filepath.Join(dir, protocol, "data") }

func openOnce(dir, protocol string) error {
	n, err := node.Open(context.Background(), node.Config{
		DataDir: dataDir(dir, protocol), Listen: "127.0.0.1:0", TLS: protocol == "tls",
		ShowPassword: func(string, string, string) error { return nil },
	})
	if err != nil {
		return err
	}
	fmt.Println(protocol)
	return n.Close()
}

// TestPowerLoss loses power at every moment of a first start. What is left must let the next start go on, and once the
// node is open, nothing of what it has made may be missing.
func TestPowerLoss(t *testing.T) {
	dir, left := t.TempDir(), filepath.Join(t.TempDir(), "left")
	disk, err := powerloss.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir, "GORACE=atexit_sleep_ms=0")
	recording, err := powerloss.Record(child, dir)
	if errors.Is(err, powerloss.ErrUnavailable) {
		t.Skip("SKIPPING the losses of power: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	losses, random := 0, rand.New(rand.NewPCG(1, 2))
	err = disk.Replay(recording, func() bool {
		for state := range disk.Losses(random, 6) {
			losses++
			if err := state.Write(left); err != nil {
				t.Fatal(err)
			}
			for _, protocol := range []string{"plain", "tls"} {
				open := strings.Contains(disk.Said(), protocol)
				if err := same(dataDir(dir, protocol), dataDir(left, protocol), protocol == "tls", open); err != nil {
					t.Fatalf("loss %d, %s, open %v: %v", losses, protocol, open, err)
				}
			}
		}
		return true
	})
	if err := errors.Join(err, disk.Equal(dir)); err != nil {
		t.Error(err)
	}
	t.Logf("%d losses", losses)
}

// same returns an error unless what is left of a start is what it made or, if the node was not open yet, what makes the
// next start make it anew.
func same(made, left string, secure, open bool) error {
	if secure {
		_, err := tls.LoadX509KeyPair(filepath.Join(left, "tls", "cert.pem"), filepath.Join(left, "tls", "key.pem"))
		if err != nil && (open || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	want, err := seed.Read(filepath.Join(made, "users.yaml"))
	if err != nil {
		return err
	}
	users, err := seed.Read(filepath.Join(left, "users.yaml"))
	switch {
	case !open && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !slices.Equal(users.Users, want.Users):
		return fmt.Errorf("the users are %v, not %v", users.Users, want.Users)
	}
	return nil
}
