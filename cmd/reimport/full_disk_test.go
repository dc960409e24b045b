//go:build linux

package main_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

// TestFullDisk fills the disk under a running import. The server says that it is not well, keeps what it has, and when
// there is space again it says so, notes the import's end and goes on, by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("SKIPPING the full disk: a tmpfs cannot be mounted here: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	asked, release := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
		panic(http.ErrAbortHandler)
	}))
	let := sync.OnceFunc(func() { close(release) })
	t.Cleanup(func() { let(); slow.Close() })
	p := serveRaced(t, filepath.Join(dir, "data"), "--seed", "../../examples/demo.yaml", "--tls=false")
	c, err := client.New(p.url, client.WithBasicAuth("admin@example.com", "demo-admin"), client.WithRetry(0))
	if err != nil {
		t.Fatal(err)
	}
	source, _ := client.ParseSource(slow.URL)
	if err := c.StartImport(t.Context(), 1, source); err != nil {
		t.Fatal(err)
	}
	<-asked
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for _, err = filler.Write(make([]byte, 4096)); err == nil; _, err = filler.Write(make([]byte, 4096)) {
	}
	filler.Close()
	// A change that fits into what the file has already still gets through.
	for err == nil || errors.Is(err, syscall.ENOSPC) {
		_, err = c.CreateDatabase(t.Context(), api.BDBCreate{Name: "x"})
	}
	if !errors.Is(err, client.ErrInternal) || p.health() != http.StatusServiceUnavailable {
		t.Fatalf("%v, health %d", err, p.health())
	}
	if state, err := c.ImportStatus(t.Context(), 1); err != nil || state.Status != api.ImportStatusInitializing {
		t.Fatalf("%v %+v", err, state)
	}
	if err := os.Remove(filler.Name()); err != nil {
		t.Fatal(err)
	}
	p.turns(http.StatusOK) // while nobody changes anything
	let()
	state, err := c.WaitImport(t.Context(), 1, time.Millisecond, nil)
	if !errors.Is(err, client.ErrImportFailed) || state.FailureReason != "download-error" || p.health() != http.StatusOK {
		t.Fatalf("%v %+v, health %d", err, state, p.health())
	}
	if _, err := c.CreateDatabase(t.Context(), api.BDBCreate{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := c.ResetImportStatus(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := p.end(syscall.SIGTERM); err != nil { // as a race found makes it
		t.Fatalf("%v\n%s", err, p.stderr.String())
	}
}
