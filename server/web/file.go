package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// File is one thing that is served, at one path. It answers GET and HEAD.
type File struct {
	Path string

	header  http.Header // of every answer
	etag    string
	gzipped func() []byte
}

// page is an HTML file with its path.
type page struct{ file, path string }

var pages = [...]page{{"assets/status.html", "/"}, {"assets/docs.html", "/docs"}}

// policy lets a page ask this server alone, run and style itself with files from here alone, and be framed by nobody.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

func newPage(path string, data []byte) *File {
	compress := sync.OnceValue(func() []byte { return compressed(data) })
	return newFile(path, "text/html; charset=utf-8", "no-cache", hash(data), compress)
}

// newAsset returns the file of an asset, whose name ends in .gz if it is stored compressed. The largest have half a
// megabyte, so they are read in pieces, and whole only when somebody asks for one.
func newAsset(name string) (*File, error) {
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	sum := sha256.New()
	data, err := embedded.Open(name)
	if err == nil {
		_, err = io.Copy(sum, data)
	}
	if err != nil {
		return nil, err
	}
	plain, stored := strings.CutSuffix(path.Base(name), ".gz")
	gzipped := sync.OnceValue(func() []byte {
		data, _ := embedded.ReadFile(name) // which is there
		if stored {
			return data
		}
		return compressed(data)
	})
	ext, tag := path.Ext(plain), tagOf(sum.Sum(nil))
	hashed := "/assets/" + strings.TrimSuffix(plain, ext) + "-" + tag + ext
	return newFile(hashed, types[ext], "public, max-age=31536000, immutable", tag, gzipped), nil
}

func newFile(path, contentType, caching, tag string, gzipped func() []byte) *File {
	h := http.Header{}
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", caching)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// Weak, because it stands for the compressed and the plain form alike.
	etag := `W/"` + tag + `"`
	h.Set("ETag", etag)
	return &File{path, h, etag, gzipped}
}

func compressed(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	// A bytes.Buffer takes everything.
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return tagOf(sum[:])
}

func tagOf(sum []byte) string { return hex.EncodeToString(sum[:8]) }

// ServeHTTP implements http.Handler.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, values := range f.header {
		h[name] = values
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	zipped := acceptsGzip(r.Header.Get("Accept-Encoding"))
	gzipped := f.gzipped()
	size := plainSize(gzipped)
	if zipped {
		size = len(gzipped)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(size))
	if r.Method == http.MethodHead {
		return
	}
	// Where writing fails, the client is gone.
	if zipped {
		_, _ = w.Write(gzipped)
	} else if plain, err := gzip.NewReader(bytes.NewReader(gzipped)); err == nil {
		_, _ = io.Copy(w, plain) //nolint:gosec // a file of our own, in the binary
	}
}

// plainSize is the size uncompressed, which gzip keeps in its last four bytes (RFC 1952).
func plainSize(gzipped []byte) int {
	return int(binary.LittleEndian.Uint32(gzipped[len(gzipped)-4:]))
}

// acceptsGzip reads an Accept-Encoding header. What names gzip says most, then what names everything.
func acceptsGzip(header string) bool {
	any := false
	for _, coding := range strings.Split(header, ",") {
		name, params, _ := strings.Cut(coding, ";")
		_, q, weighted := strings.Cut(params, "q=")
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		wanted := !weighted || err == nil && weight > 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			any = wanted
		}
	}
	return any
}
