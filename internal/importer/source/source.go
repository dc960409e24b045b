// Package source is where the bytes of an import come from: files below allowed directories, and http(s) servers.
package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/reimport/reimport/internal/database"
)

// What can be wrong with a source. An error of this package that wraps none of them is about this machine.
var (
	// ErrUnavailable: the bytes could not be had. They are missing, forbidden, cut off, too slow, or more than there is
	// room for.
	ErrUnavailable = errors.New("source unavailable")
	// ErrDamaged: a gzip file is cut off, damaged, or followed by something else.
	ErrDamaged = errors.New("damaged gzip")
	// ErrExpansion: a gzip file expands beyond what Config allows.
	ErrExpansion = errors.New("gzip expands too much")
)

// Config says what may be read.
type Config struct {
	MountPoints  []string // absolute directories below which mount_point sources may be read
	AllowPrivate bool     // downloads may come from addresses that are not on the public internet
	SpoolDir     string   // where downloads and inflated files are kept; made if it is missing
	SharedSpool  bool     // SpoolDir is there and holds what is others': New leaves it as it is
	MaxDownload  int64    // bytes of one downloaded file
	MaxFile      int64    // bytes of one file below a mount point
	MaxExpansion int64    // bytes that one gzip file may expand to
	SpoolReserve int64    // bytes of its disk that the spool leaves free; 0 for max(256 MiB, 5 %)
	// Stall is how long a download may take for its next minArrival bytes, connecting and headers included; 30 seconds for 0.
	// A longer look at its pace bounds the whole.
	Stall time.Duration
}

const defaultStall = 30 * time.Second

// Opener opens sources. Its methods may be called from many goroutines.
type Opener struct {
	cfg       Config
	mounts    []string // clean
	forbidden []string
	transport *http.Transport
	space     func(dir string) (space, error)
	grace     int64 // bytes that a gzip file may expand to whatever its size
}

// New returns an Opener, or what is wrong with cfg. It removes from SpoolDir what a dead process has left there, unless that is
// shared.
func New(cfg Config) (*Opener, error) {
	o := &Opener{cfg: cfg, forbidden: redisSoftwareDirs(), transport: newTransport(dialPublic), space: spaceOf, grace: grace}
	if cfg.Stall == 0 {
		o.cfg.Stall = defaultStall
	}
	if cfg.AllowPrivate {
		o.transport = newTransport(nil)
	}
	for _, dir := range cfg.MountPoints {
		if err := o.addMountPoint(dir); err != nil {
			return nil, fmt.Errorf("mount point %q: %w", dir, err)
		}
	}
	if cfg.SharedSpool {
		return o, nil
	}
	if err := clearSpool(cfg.SpoolDir); err != nil {
		return nil, fmt.Errorf("spool directory: %w", err)
	}
	return o, nil
}

// Check returns nil if src may be asked for, else a *database.FieldError, whose Field is the field of the source. It does
// not touch the source, and never quotes a URL.
func (o *Opener) Check(src database.Source) error {
	switch src.Type {
	case database.SourceMountPoint:
		if expected := o.expectedPath(src.Location); expected != "" {
			return &database.FieldError{Field: "path", Expected: expected}
		}
	case database.SourceURL:
		if _, expected := parseURL(src.Location); expected != "" {
			return &database.FieldError{Field: "url", Expected: expected}
		}
	default:
		return &database.FieldError{Field: "type", Expected: "mount_point or url"}
	}
	return nil
}

// IsDownload reports whether Open must fetch src first, which may take long.
func IsDownload(src database.Source) bool { return src.Type != database.SourceMountPoint }

// Open makes the bytes of src readable, which for a URL means that it downloads all of them. It returns why ctx has ended if
// that is what ends the download. The caller closes the File.
func (o *Opener) Open(ctx context.Context, src database.Source) (*File, error) {
	if err := o.Check(src); err != nil { // it may be stored from a time when it was allowed
		return nil, unavailable(err)
	}
	file, err := o.open(ctx, src)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && src.Type == database.SourceMountPoint && info.Size() > o.cfg.MaxFile {
		err = unavailable(fmt.Errorf("the file has %d bytes, more than the %d that may be read", info.Size(), o.cfg.MaxFile))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &File{Label: Label(src), Size: info.Size(), file: file, opener: o}, nil
}

func (o *Opener) open(ctx context.Context, src database.Source) (*os.File, error) {
	if IsDownload(src) {
		return o.download(ctx, src.Location)
	}
	return o.openPath(src.Location)
}

// Label names src for a log. Of a URL it gives neither user nor query, which may hold credentials and signatures.
func Label(src database.Source) string {
	if src.Type == database.SourceMountPoint {
		return src.Location
	}
	u, err := url.Parse(src.Location)
	if err != nil {
		return "a URL that cannot be parsed"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }
