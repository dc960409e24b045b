package source

import (
	"fmt"
	"io"
)

// Downloads leave so much of the spool's disk free unless Config says otherwise: bytes, and a share of the whole disk.
const (
	leastReserve = 256 << 20
	reserveShare = 20
)

// spaceEvery is how many bytes are written between two looks at the disk.
const spaceEvery = 4 << 20

// space is what a filesystem has, in bytes. Without a total it does not tell, and is not asked.
type space struct{ free, total uint64 }

// shortDisk says that a download would take from the disk what must stay free.
type shortDisk struct{ needed, reserve, free uint64 }

func (e *shortDisk) Error() string {
	return fmt.Sprintf("the disk of the spool directory is short: %d bytes are needed and %d must stay free, %d are",
		e.needed, e.reserve, e.free)
}

// room refuses to write so many bytes where they would use up what the store and the rest of the system need.
func (o *Opener) room(needed uint64) error {
	disk, err := o.space(o.cfg.SpoolDir)
	if err != nil || disk.total == 0 {
		return err
	}
	reserve := uint64(o.cfg.SpoolReserve) //nolint:gosec // 0 or more, as serve checks
	if reserve == 0 {
		reserve = max(leastReserve, disk.total/reserveShare)
	}
	if disk.free < reserve || disk.free-reserve < needed {
		return unavailable(&shortDisk{needed, reserve, disk.free})
	}
	return nil
}

// roomy writes to the spool. It looks at the disk itself as it goes, so that it sees what all others write, too.
type roomy struct {
	io.Writer
	room   func(needed uint64) error
	left   int64 // bytes that will come at most
	looked int64 // bytes that may be written before the next look
}

func (w *roomy) Write(p []byte) (int, error) {
	if w.looked < int64(len(p)) {
		w.looked = max(int64(len(p)), min(spaceEvery, w.left)) // what exceeds left is refused elsewhere
		if err := w.room(uint64(w.looked)); err != nil {       //nolint:gosec // counts up from 0
			return 0, err
		}
	}
	n, err := w.Writer.Write(p)
	w.looked -= int64(n)
	w.left -= int64(n)
	return n, err
}
