package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// The bounds of gzip. Deflate makes at most about 1030 bytes of one; a dump seldom more than 50, since Redis has compressed
// its strings already. A small one may well consist of nothing but repetition, and is let pass.
const (
	ratio   = 200
	grace   = 1 << 30
	gzipBuf = 64 << 10
)

var errPadding = errors.New("the gzip data is followed by something else than zeros")

// File is an open source. It is for one goroutine.
type File struct {
	Label string // for logs
	Size  int64  // bytes of the file, compressed or not

	file   *os.File
	opener *Opener

	inflating *ahead
	inflated  bool     // once
	plain     *os.File // what the file inflates to, if the spool has it
	plainSize int64
}

// ContentSize is the number of bytes that a meter of Content will be told of in all. That changes when the content of a gzip file
// has been read to its end.
func (f *File) ContentSize() int64 {
	f.settle()
	if f.plain != nil {
		return f.plainSize
	}
	return f.Size
}

// Close gives up what the File holds, such as space on disk.
func (f *File) Close() error {
	f.settle()
	err := f.file.Close()
	if f.plain != nil {
		err = errors.Join(err, f.plain.Close())
	}
	return err
}

// settle ends what reads the file.
func (f *File) settle() {
	if f.inflating != nil {
		f.plain, f.plainSize = f.inflating.end()
		f.inflating = nil
	}
}

// Content returns the RDB file within, from its start, decompressed if it is gzip. Each call starts anew and ends the use
// of the Reader before. meter is told of each read's bytes of the File, or of what it inflates to if that is kept, and its
// error ends the reading.
func (f *File) Content(meter func(n int) error) (io.Reader, error) {
	f.settle()
	if f.plain != nil {
		return start(f.plain, meter)
	}
	var magic [2]byte
	if _, err := f.file.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, unavailable(err)
	}
	if string(magic[:]) != "\x1f\x8b" {
		return start(f.file, meter)
	}
	return f.inflate(meter)
}

func (f *File) inflate(meter func(n int) error) (io.Reader, error) {
	raw, err := start(f.file, nil)
	if err != nil {
		return nil, err
	}
	in := &inflated{raw: raw, buffered: bufio.NewReaderSize(raw, gzipBuf), grace: f.opener.grace, most: f.opener.cfg.MaxExpansion}
	if in.gzip, err = gzip.NewReader(in.buffered); err != nil {
		return nil, in.explain(err)
	}
	in.gzip.Multistream(false)
	kept, to := f.spool()
	f.inflating = inflateAhead(in, meter, kept, to)
	return f.inflating, nil
}

// start returns file from its start.
func start(file *os.File, meter func(n int) error) (*metered, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, unavailable(err)
	}
	return &metered{file: file, meter: meter}, nil
}

// spool returns where to keep what the File inflates to, the first time. It leaves downloads, which cannot do without, as much
// room as it takes.
func (f *File) spool() (*os.File, io.Writer) {
	if f.inflated {
		return nil, nil
	}
	f.inflated = true
	file, err := f.opener.unnamed()
	if err != nil {
		return nil, nil
	}
	most := f.opener.cfg.MaxExpansion
	to := &roomy{Writer: file, left: most}
	to.room = func(needed uint64) error { return f.opener.room(needed + uint64(most-to.left)) } //nolint:gosec // bytes written
	return file, to
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
	} else if m.meter != nil {
		m.err = m.meter(n)
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
