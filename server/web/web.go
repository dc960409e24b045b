// Package web holds the pages for people: the status of the databases, and the reference of the API. They are static;
// what they show of a cluster they read from its API, with the login of who looks at them.
package web

import (
	"embed"
	"path"
	"strings"
	"sync"
)

//go:embed assets swagger-ui/*.gz
var embedded embed.FS

// assets are what the pages refer to. Those that end in .gz are stored as they travel: they are large.
var assets = [...]string{
	"assets/icon.svg", "assets/status.css", "assets/status.js", "assets/docs.css", "assets/docs.js",
	"swagger-ui/swagger-ui.css.gz", "swagger-ui/swagger-ui-bundle.js.gz",
}

// Files returns everything that is served, each under its one exact path. An asset carries a hash of its content in its
// name, so that it may be cached for ever; the pages refer to it by that name. Whoever asks for them gets the same Files.
var Files = sync.OnceValues(func() ([]*File, error) {
	var files []*File
	var hashed []string // pairs of a name in the pages and the name with the hash
	for _, name := range assets {
		f, err := newAsset(name)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		hashed = append(hashed, "/assets/"+strings.TrimSuffix(path.Base(name), ".gz"), f.Path)
	}
	names := strings.NewReplacer(hashed...)
	for _, p := range pages {
		data, err := embedded.ReadFile(p.file)
		if err != nil {
			return nil, err
		}
		files = append(files, newPage(p.path, []byte(names.Replace(string(data)))))
	}
	return files, nil
})
