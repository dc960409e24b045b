package main

import (
	"debug/buildinfo"
	"fmt"
	"maps"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is the uid and the gid that the server runs with. The image has no names of users.
const user = 65532

// binary is an executable of reimport, and what the go command has recorded in it.
type binary struct {
	path              string
	platform          v1.Platform
	version, revision string
	time              time.Time // of the revision, zero if it is unknown
}

func readBinary(path string) (*binary, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	b := &binary{path: path, platform: v1.Platform{OS: settings["GOOS"], Architecture: settings["GOARCH"]},
		version: info.Main.Version, revision: settings["vcs.revision"]}
	if settings["CGO_ENABLED"] != "0" {
		return nil, fmt.Errorf("%s: expected a binary that was built with CGO_ENABLED=0: the image has no libraries", path)
	}
	if b.time, err = time.Parse(time.RFC3339, settings["vcs.time"]); err != nil {
		b.time = time.Time{}
	}
	return b, nil
}

// image has the binary, what it needs of a system, and how to run it. Every flag of serve has a twin in the environment, so
// the settings that differ in a container are there too: whoever runs it can change them by either.
func (b *binary) image() (v1.Image, error) {
	system, err := systemFiles()
	if err != nil {
		return nil, err
	}
	program, err := b.files()
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, files := range [][]file{system, program} {
		layer, err := newLayer(files)
		if err != nil {
			return nil, err
		}
		if img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: "reimport's make image"}}); err != nil {
			return nil, err
		}
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture, cfg.Created = b.platform.OS, b.platform.Architecture, v1.Time{Time: b.time}
	cfg.Config = v1.Config{
		User:         fmt.Sprintf("%d:%d", user, user),
		Env:          []string{"REIMPORT_LISTEN=:9443", "REIMPORT_DATA_DIR=/data", "REIMPORT_READY_FILE=/data/ready.env"},
		Entrypoint:   []string{"/reimport"},
		Cmd:          []string{"serve"},
		WorkingDir:   "/",
		Volumes:      map[string]struct{}{"/data": {}},
		Labels:       b.labels(),
		ExposedPorts: map[string]struct{}{"9443/tcp": {}},
		// Docker heeds this. OCI knows no health checks, and others that run the image have to be given one. It asks the
		// server in the same container, whose certificate may be for other names only.
		Healthcheck: &v1.HealthConfig{
			Test: []string{"CMD", "/reimport", "health", "--insecure"}, Interval: 10 * time.Second, Timeout: 5 * time.Second, StartPeriod: 5 * time.Second,
		},
	}
	return mutate.ConfigFile(img, cfg)
}

func (b *binary) labels() map[string]string {
	const prefix = "org.opencontainers.image."
	labels := map[string]string{
		prefix + "title":       "reimport",
		prefix + "description": "The import of RDB files into Redis Software databases, as a server, a client and a command line",
		prefix + "source":      "https://github.com/reimport/reimport",
		prefix + "version":     b.version,
		prefix + "revision":    b.revision,
	}
	maps.DeleteFunc(labels, func(_, value string) bool { return value == "" })
	return labels
}
