package web

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// File is one thing that is served, at one path. It answers GET and HEAD.
type File struct {
	Path string

	header  http.Header // of every answer
	etag    string
	gzipped []byte
}

// page is an HTML file with its path.
type page struct{ file, path string }

var pages = [...]page{{"assets/status.html", "/"}, {"assets/docs.html", "/docs"}}

// policy lets a page ask this server alone, run and style itself with files from here alone, and be framed by nobody.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

func newPage(p page, gzipped []byte) *File {
	return newFile(p.path, "text/html; charset=utf-8", "no-cache", gzipped)
}

func newAsset(name string, gzipped []byte) *File {
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	ext := path.Ext(name)
	hashed := "/assets/" + strings.TrimSuffix(name, ext) + "-" + hash(gzipped) + ext
	return newFile(hashed, types[ext], "public, max-age=31536000, immutable", gzipped)
}

func newFile(path, contentType, caching string, gzipped []byte) *File {
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
	etag := `W/"` + hash(gzipped) + `"`
	h.Set("ETag", etag)
	return &File{path, h, etag, gzipped}
}

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
	size := f.size()
	if zipped {
		size = len(f.gzipped)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(size))
	if r.Method == http.MethodHead {
		return
	}
	// Where writing fails, the client is gone.
	if zipped {
		_, _ = w.Write(f.gzipped)
	} else if plain, err := gzip.NewReader(bytes.NewReader(f.gzipped)); err == nil {
		_, _ = io.Copy(w, plain) //nolint:gosec // a file of our own, in the binary
	}
}

// size of the file uncompressed, which gzip keeps in its last four bytes (RFC 1952).
func (f *File) size() int {
	return int(binary.LittleEndian.Uint32(f.gzipped[len(f.gzipped)-4:]))
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
