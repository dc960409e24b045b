package source

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
)

func TestPublic(t *testing.T) {
	for want, texts := range map[bool]string{
		true: "8.8.8.8 1.1.1.1 172.15.0.1 172.32.0.1 192.167.0.1 100.63.0.1 100.128.0.1 223.255.255.255 ::ffff:8.8.8.8 " +
			"2606:4700::1111 2a00:1450::1 64:ff9b::808:808",
		false: "127.0.0.1 127.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 100.127.0.1 0.0.0.0 " +
			"0.1.2.3 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 192.0.0.1 192.0.2.1 198.18.0.1 198.19.0.1 198.51.100.1 203.0.113.1 " +
			":: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 fe80::1 fe80::1%eth0 fc00::1 fd12:3456::1 fec0::1 ff02::1 100::1 " +
			"2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 5f00::1",
	} {
		for text := range strings.FieldsSeq(texts) {
			if got := public(netip.MustParseAddr(text)); got != want {
				t.Errorf("%s: got %t, want %t", text, got, want)
			}
		}
	}
}

func TestPrivateAddressesAreNotDialled(t *testing.T) {
	o, _ := newOpener(t)
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer inside.Close()
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	// Only this one is taken for a public server.
	front := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer front.Close()
	o.transport = newTransport(func(network, address string, c syscall.RawConn) error {
		if address == front.Listener.Addr().String() {
			return nil
		}
		return dialPublic(network, address, c)
	})
	for _, url := range []string{
		inside.URL, "http://localhost" + port, "http://0.0.0.0" + port, "http://[::ffff:127.0.0.1]" + port, "http://127.1.2.3" + port,
		front.URL,
	} {
		if _, err := o.Open(t.Context(), web(url)); !errors.Is(err, errPrivate) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got %v, want %v", url, err, errPrivate)
		}
	}
}

func TestNewRefusesPrivateAddresses(t *testing.T) {
	o, err := New(Config{SpoolDir: t.TempDir(), MaxDownload: 100})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Open(t.Context(), web("http://127.0.0.1:1/")); !errors.Is(err, errPrivate) {
		t.Errorf("got %v, want %v", err, errPrivate)
	}
}
