// Package web holds the pages for people: the status of the databases, and the reference of the API. They are static;
// what they show of a cluster they read from its API, with the login of who looks at them.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"strings"
)

//go:embed assets swagger-ui/*.gz
var embedded embed.FS

// assets are what the pages refer to. Those that end in .gz are stored as they travel: compressing them takes longer
// than all the rest of a start.
var assets = [...]string{
	"assets/icon.svg", "assets/status.css", "assets/status.js", "assets/docs.css", "assets/docs.js",
	"swagger-ui/swagger-ui.css.gz", "swagger-ui/swagger-ui-bundle.js.gz",
}

// Files returns everything that is served, each under its one exact path. An asset carries a hash of its content in its
// name, so that it may be cached for ever; the pages refer to it by that name.
func Files() ([]*File, error) {
	c, err := newCompressor()
	if err != nil {
		return nil, err
	}
	var files []*File
	var hashed []string // pairs of a name in the pages and the name with the hash
	for _, name := range assets {
		data, err := embedded.ReadFile(name)
		if err != nil {
			return nil, err
		}
		plain, stored := strings.CutSuffix(path.Base(name), ".gz")
		if !stored {
			data = c.compress(data)
		}
		f := newAsset(plain, data)
		files = append(files, f)
		hashed = append(hashed, "/assets/"+plain, f.Path)
	}
	names := strings.NewReplacer(hashed...)
	for _, p := range pages {
		data, err := embedded.ReadFile(p.file)
		if err != nil {
			return nil, err
		}
		files = append(files, newPage(p, c.compress([]byte(names.Replace(string(data))))))
	}
	return files, nil
}

// compressor is one gzip writer for all files: a fresh one takes a megabyte.
type compressor struct{ *gzip.Writer }

func newCompressor() (compressor, error) {
	w, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
	return compressor{w}, err
}

func (c compressor) compress(data []byte) []byte {
	var b bytes.Buffer
	c.Reset(&b)
	// A bytes.Buffer takes everything.
	_, _ = c.Write(data)
	_ = c.Close()
	return b.Bytes()
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
