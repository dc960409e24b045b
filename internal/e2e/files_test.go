package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/node"
)

// TestBadFiles: a file that is bad in a way that is known before the load leaves what the database holds. Each stands behind a
// good one, which is not loaded either.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill()
	good := sealed("\x00\x01a\x031st")
	flipped := slices.Clone(good)
	flipped[len(flipped)-10] ^= 1 // in the value, so that only the checksum tells
	packed := zipped(t, good)
	flippedGzip := slices.Clone(packed)
	flippedGzip[len(flippedGzip)-6] ^= 1
	half := sealed("\x00\x01a\x80\x20\x00\x00\x01") // announces more than 512 MiB
	path := b.file("good.rdb", good)
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"truncated", good[:len(good)-9], "file-corrupted"},
		{"bit flipped", flipped, "file-corrupted"},
		{"gzip truncated", packed[:len(packed)-1], "file-corrupted"},
		{"gzip bit flipped", flippedGzip, "file-corrupted"},
		{"no rdb file", []byte("this is no dump"), "file-corrupted"},
		{"empty", nil, "file-corrupted"},
		{"trailing bytes", append(slices.Clone(good), 'x'), "file-corrupted"},
		{"unknown type", sealed("\x63\x01a\x01b"), "file-corrupted"},
		{"unsupported type", sealed("\x1c\x01a\x01b"), "general-error"},
		{"unsupported opcode", sealed("\xf6\x01a"), "general-error"},
		{"unknown version", []byte("REDIS9999"), "general-error"},
		{"value too long", half, "invalid-bulk-length"},
		{"key too long", sealed("\x00\x80\x20\x00\x00\x01"), "key-too-long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.TB = t
			b.fails(test.want, path, b.file("bad.rdb", test.content))
			b.unchanged()
		})
	}
	b.TB = t
	b.fails("download-error", path, filepath.Join(b.dir, "missing.rdb"))
	b.unchanged()
	b.succeeds(path)
	if got, err := b.redis.Get(t.Context(), "a").Result(); got != "1st" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestBadServers is TestBadFiles for what HTTP adds.
func TestBadServers(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, func(c *node.Config) { c.Importer.Stall = 200 * time.Millisecond })
	b.fill()
	good := sealed("\x00\x01a\x031st")
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"stalls", func(w http.ResponseWriter, r *http.Request) {
			w.Write(good[:20])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "download-error"},
		{"sends less than it announces", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(good)))
			w.Write(good[:len(good)-9])
		}, "download-error"},
		{"announces less than there is", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(good)-9))
			w.Write(good[:len(good)-9])
		}, "file-corrupted"},
		{"cuts the connection", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(good[:20])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "download-error"},
		{"redirects in a loop", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}, "download-error"},
		{"has a page in the place of the file", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<html>log in</html>")
		}, "file-corrupted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.TB = t
			s := httptest.NewServer(test.answer)
			defer s.Close()
			b.fails(test.want, s.URL+"/dump.rdb")
			b.unchanged()
		})
	}
}

// TestFullDisk: a download stops before it takes the space that is to be left.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, func(c *node.Config) { c.Importer.SpoolReserve = 1 << 60 })
	b.fill()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(sealed("\x00\x01a\x031st"))
	}))
	defer s.Close()
	b.says(b.fails("download-error", s.URL), "1152921504606846976")
	b.unchanged()
}
