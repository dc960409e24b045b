package source

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// The bounds of gzip. Deflate makes at most about 1030 bytes of one; a dump seldom more than 50, since Redis has compressed
// its strings already. A small one may well consist of nothing but repetition, and is let pass.
const (
	ratio   = 200
	grace   = 1 << 30
	gzipBuf = 64 << 10
)

var errPadding = errors.New("the gzip data is followed by something else than zeros")

// File is an open source.
type File struct {
	Label string // for logs
	Size  int64  // bytes to read, compressed or not

	file        *os.File
	grace, most int64
}

// ContentSize is the number of bytes that a meter of Content is told of in all.
func (f *File) ContentSize() int64 { return f.Size }

// Close gives up what the File holds: for a download, its space on disk.
func (f *File) Close() error { return f.file.Close() }

// Content returns the RDB file within, from its start, decompressed if it is gzip. Each call starts anew and ends the use
// of the Reader before. meter is told of each read's bytes of the File, and its error ends the reading.
func (f *File) Content(meter func(n int) error) (io.Reader, error) {
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return nil, unavailable(err)
	}
	raw := &metered{file: f.file, meter: meter}
	buffered := bufio.NewReaderSize(raw, gzipBuf)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(magic) != "\x1f\x8b" {
		return buffered, nil
	}
	in := &inflated{raw: raw, buffered: buffered, grace: f.grace, most: f.most}
	if in.gzip, err = gzip.NewReader(buffered); err != nil {
		return nil, in.explain(err)
	}
	in.gzip.Multistream(false)
	return in, nil
}

// metered is the File as it is on disk.
type metered struct {
	file  *os.File
	meter func(n int) error
	n     int64
	err   error // the first, but for the end of the file
}

func (m *metered) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.file.Read(p)
	m.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = unavailable(err)
	} else if stop := m.meter(n); stop != nil {
		m.err = stop
	}
	if m.err != nil {
		err = m.err
	}
	return n, err
}

// inflated is a File that is gzip, of one member or several, and maybe padded with zeros, as tapes are.
type inflated struct {
	gzip        *gzip.Reader
	buffered    *bufio.Reader // under gzip
	raw         *metered
	n           int64
	grace, most int64
}

func (in *inflated) Read(p []byte) (int, error) {
	n, err := in.gzip.Read(p)
	for n == 0 && errors.Is(err, io.EOF) { // past members of nothing, too
		if end := in.nextMember(); end != nil {
			return 0, in.explain(end)
		}
		n, err = in.gzip.Read(p)
	}
	in.n += int64(n)
	if in.n > min(in.most, in.grace+ratio*in.raw.n) {
		return n, ErrExpansion
	}
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil // the next Read goes on from there
	}
	return n, in.explain(err)
}

// nextMember goes past the end of a member: to the next, or to io.EOF where there is none.
func (in *inflated) nextMember() error {
	next, err := in.buffered.Peek(1)
	if err != nil {
		return err
	}
	if next[0] == 0 {
		return in.padding()
	}
	if err := in.gzip.Reset(in.buffered); err != nil {
		return err
	}
	in.gzip.Multistream(false)
	return nil
}

// padding reads zeros up to io.EOF. gzip ignores them likewise.
func (in *inflated) padding() error {
	for {
		b, err := in.buffered.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errPadding
		}
	}
}

// explain tells damage from what stopped the reading of the File itself, of which gzip makes damage too.
func (in *inflated) explain(err error) error {
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case in.raw.err != nil:
		return in.raw.err
	default:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
}
