package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// build returns the path of a static binary of reimport for a platform.
func build(t *testing.T, arch string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reimport")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildvcs=false", "-o", path, "./cmd/reimport")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestImage makes images of two platforms, twice. They are the same both times, and hold and say what a container needs.
func TestImage(t *testing.T) {
	here := build(t, runtime.GOARCH)
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	binaries := []string{here, small(t, other)}
	var digests [2]string
	var tars [2][]byte
	var img v1.Image
	for i := range digests {
		dir := t.TempDir()
		if err := run(dir, binaries); err != nil {
			t.Fatal(err)
		}
		index, err := layout.ImageIndexFromPath(filepath.Join(dir, "oci"))
		if err != nil {
			t.Fatal(err)
		}
		digest, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "reimport-linux-"+runtime.GOARCH+".tar")
		if tars[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if img, err = tarball.ImageFromPath(path, nil); err != nil {
			t.Fatal(err)
		}
		digests[i] = digest.String()
		manifest, err := index.IndexManifest()
		if err != nil || len(manifest.Manifests) != 2 || manifest.Manifests[1].Platform.Architecture != other {
			t.Errorf("%v: %+v", err, manifest)
		}
	}
	if digests[0] != digests[1] || !bytes.Equal(tars[0], tars[1]) {
		t.Errorf("the same binaries make %s and %s", digests[0], digests[1])
	}
	checkConfig(t, img)
	root := t.TempDir()
	unpack(t, img, root)
	serves(t, root)
}

// small is a program for another platform, which is quick to build.
func small(t *testing.T, arch string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "small"), filepath.Join(dir, "main.go"))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "small")
}

func checkConfig(t *testing.T, img v1.Image) {
	t.Helper()
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	is := cfg.Config
	if cfg.OS != "linux" || cfg.Architecture != runtime.GOARCH || is.User != "65532:65532" {
		t.Errorf("%s/%s as %s", cfg.OS, cfg.Architecture, is.User)
	}
	command := [][]string{is.Entrypoint, is.Cmd, is.Healthcheck.Test}
	if want := [][]string{{"/reimport"}, {"serve"}, {"CMD", "/reimport", "health", "--insecure"}}; !reflect.DeepEqual(command, want) {
		t.Errorf("%q", command)
	}
	if want := []string{"REIMPORT_LISTEN=:9443", "REIMPORT_DATA_DIR=/data", "REIMPORT_READY_FILE=/data/ready.env"}; !reflect.DeepEqual(is.Env, want) {
		t.Errorf("%q", is.Env)
	}
	if is.Labels["org.opencontainers.image.title"] != "reimport" || is.Labels["org.opencontainers.image.version"] == "" {
		t.Errorf("%v", is.Labels)
	}
	if _, ok := is.ExposedPorts["9443/tcp"]; !ok {
		t.Errorf("%v", is.ExposedPorts)
	}
}

// unpack puts an image's files below root, as their owners if the test may.
func unpack(t *testing.T, img v1.Image, root string) {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for files := tar.NewReader(content); ; {
			h, err := files.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, h.Name)
			put(t, filepath.Join(root, h.Name), h, files)
		}
	}
	if got := strings.Join(names, " "); got != "data/ etc/ etc/ssl/ etc/ssl/certs/ etc/ssl/certs/ca-certificates.crt reimport" {
		t.Errorf("the image has %s", got)
	}
	pem, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) || bytes.Count(pem, []byte("BEGIN")) < 100 {
		t.Errorf("%v: %d bytes of certificates", err, len(pem))
	}
}

func put(t *testing.T, path string, h *tar.Header, content io.Reader) {
	t.Helper()
	var err error
	if h.Typeflag == tar.TypeDir {
		err = os.Mkdir(path, h.FileInfo().Mode())
	} else {
		var data []byte
		if data, err = io.ReadAll(content); err == nil {
			err = os.WriteFile(path, data, h.FileInfo().Mode())
		}
	}
	if err == nil && os.Getuid() == 0 {
		err = os.Chown(path, h.Uid, h.Gid)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDockerfile holds the Dockerfile to the image that is made without Docker.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	img, err := (&binary{path: "main.go"}).image()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	is := cfg.Config
	list := func(words []string) string { return `["` + strings.Join(words, `", "`) + `"]` }
	h := is.Healthcheck
	_, toolchain, _ := strings.Cut(string(mod), "\ntoolchain go")
	toolchain, _, _ = strings.Cut(toolchain, "\n")
	for _, line := range []string{
		"FROM golang:" + toolchain + " AS build", "FROM scratch", "USER " + is.User, "ENV " + strings.Join(is.Env, " "),
		"ENTRYPOINT " + list(is.Entrypoint), "CMD " + list(is.Cmd), "EXPOSE 9443", "VOLUME /data",
		fmt.Sprintf("HEALTHCHECK --interval=%s --timeout=%s --start-period=%s CMD %s", h.Interval, h.Timeout, h.StartPeriod, list(h.Test[1:])),
	} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
}
