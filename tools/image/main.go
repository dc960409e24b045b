// Command image makes container images of reimport binaries, without Docker: an OCI layout with one image for each
// platform, and for each a tar that `docker load` takes. They are the same whenever the binaries are.
//
//	image -out DIR BINARY...
//
// What it says of an image is in its binary: version, revision, time and platform.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	out := flag.String("out", "", "directory for the images, made anew")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(out string, binaries []string) error {
	if out == "" || len(binaries) == 0 {
		return errors.New("expected -out DIR and binaries")
	}
	// What is there may be of an earlier run, with other layers.
	if err := errors.Join(os.RemoveAll(filepath.Join(out, "oci")), os.MkdirAll(out, 0o750)); err != nil {
		return err
	}
	all := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, binary := range binaries {
		b, err := readBinary(binary)
		if err != nil {
			return err
		}
		img, err := b.image()
		if err != nil {
			return fmt.Errorf("%s: %w", binary, err)
		}
		if err := writeTar(filepath.Join(out, "reimport-"+b.platform.OS+"-"+b.platform.Architecture+".tar"), img); err != nil {
			return err
		}
		all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &b.platform}})
	}
	oci := filepath.Join(out, "oci")
	if _, err := layout.Write(oci, all); err != nil {
		return err
	}
	digest, err := all.Digest()
	if err == nil {
		fmt.Printf("%s %s\n", oci, digest)
	}
	return err
}

// writeTar writes what `docker load` names reimport:latest.
func writeTar(path string, img v1.Image) error {
	tag, err := name.NewTag("reimport:latest")
	if err != nil {
		return err
	}
	if err := tarball.WriteToFile(path, tag, img); err != nil {
		return err
	}
	digest, err := img.Digest()
	if err == nil {
		fmt.Printf("%s %s\n", path, digest)
	}
	return err
}
