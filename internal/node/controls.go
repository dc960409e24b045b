package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/reimport/reimport/internal/control/handler"
	"github.com/reimport/reimport/internal/seed"
)

// listenForControls takes the address of the controls, which no other machine may reach: they ask for no password.
func (n *Node) listenForControls(ctx context.Context) (err error) {
	path, isSocket := strings.CutPrefix(n.cfg.Controls, "unix:")
	switch {
	case n.cfg.Controls == "":
		return nil
	case isSocket:
		n.controls, err = listenOnSocket(ctx, path)
	case !Loopback(n.cfg.Controls):
		err = fmt.Errorf("expected host:port with a loopback address, or unix: and the path of a socket, not %q", n.cfg.Controls)
	default:
		n.controls, err = new(net.ListenConfig).Listen(ctx, "tcp", n.cfg.Controls)
	}
	if err != nil {
		return &ConfigError{"controls", err}
	}
	n.onClose(func() error {
		_ = n.controls.Close() // unless the server has done so
		return nil
	})
	return nil
}

// listenOnSocket makes a socket at path that only its user may connect to, from its first moment on. It takes the place of one
// that a dead process has left.
func listenOnSocket(ctx context.Context, path string) (net.Listener, error) {
	path, err := filepath.Abs(path) // it is removed wherever the process is by then
	if err != nil {
		return nil, err
	}
	if is, err := os.Lstat(path); err == nil && is.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("%s: expected a socket or nothing", path)
	}
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		_ = c.Close()
		return nil, fmt.Errorf("%s: another process listens there", path)
	case errors.Is(err, syscall.EINVAL):
		return nil, fmt.Errorf("%s: expected a path that is short enough for a socket", path)
	}
	private, err := os.MkdirTemp(filepath.Dir(path), ".c-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(private) }() // it is empty by then
	own := filepath.Join(private, "s")
	l, err := new(net.ListenConfig).Listen(ctx, "unix", own)
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(own, 0o600), os.Rename(own, path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socket{l, path}, nil
}

// socket is a listener that removes its file when it is closed.
type socket struct {
	net.Listener
	path string
}

func (s *socket) Close() error {
	err := s.Listener.Close()
	if err == nil {
		err = os.Remove(s.path)
	}
	return err
}

// serveControls has the listener for the controls serve them.
func (n *Node) serveControls(ctx context.Context) error {
	if n.controls == nil {
		return nil
	}
	ca := n.ca
	if ca != "" {
		var err error
		if ca, err = filepath.Abs(ca); err != nil { // a client may be in another directory
			return err
		}
	}
	s := newService(ctx)
	h, err := handler.New(handler.Cluster{
		URL: n.URL(), CA: ca, Emulator: n.emulator, Reset: n.Reset, Load: n.load, Dump: n.Dump, Ending: s.ctx, Events: n.cfg.Events,
	})
	if err == nil {
		n.run(s, n.controls, h, nil)
	}
	return err
}

// load is Load for the controls.
func (n *Node) load(ctx context.Context, c *seed.Seed) error {
	err := n.Load(ctx, c)
	if wrong := new(ConfigError); errors.As(err, &wrong) {
		return &handler.RefusedSeed{Err: err}
	}
	return err
}

// ControlsURL is where the node listens for its controls: http: with an address, or unix: with the path of a socket. It is empty
// for a node that does not.
func (n *Node) ControlsURL() string {
	switch l := n.controls.(type) {
	case nil:
		return ""
	case *socket:
		return "unix:" + l.path
	}
	return "http://" + n.controls.Addr().String()
}
